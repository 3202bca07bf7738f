/** Time limits of each step, in ms. */
export interface Timeouts {
  readonly connectMs: number;
  /** From the first line to the end of the welcome. Networks may look up names first. */
  readonly registerMs: number;
  /** Silence after a command. */
  readonly responseMs: number;
  /** Silence before a PING. */
  readonly idleMs: number;
  /** Longest delay between attempts to regain the wanted nick. */
  readonly regainMs: number;
  /** Wait before channels that refused after a reconnect are tried again; later waits double. */
  readonly rejoinMs: number;
  /** Wait before another login after a refusal by ERROR. */
  readonly confirmMs: number;
}
export const TIMEOUTS: Timeouts = {
  connectMs: 30_000,
  registerMs: 60_000,
  responseMs: 30_000,
  idleMs: 60_000,
  regainMs: 30_000,
  rejoinMs: 30_000,
  confirmMs: 3_000,
};
