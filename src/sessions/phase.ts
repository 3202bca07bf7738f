import { Failure } from "../failure.ts";
import { type Signal, signal } from "./signal.ts";

/** Where a session stands, as those see it who want to use its connection. */
export type Phase =
  | { readonly kind: "connecting" }
  | { readonly kind: "online"; readonly client: unknown }
  /** Tried again at `until` (ms of `performance.now()`). */
  | { readonly kind: "waiting"; readonly until: number; readonly failure: Failure }
  /** Not tried again before the app does something: stores the account anew or asks to connect. */
  | { readonly kind: "final"; readonly failure: Failure }
  | { readonly kind: "closed"; readonly failure: Failure };

export interface Phases {
  readonly now: () => Phase;
  readonly set: (next: Phase) => void;
  /**
   * Waits for the connected client. Rejects with a `Failure` where there is none now; with `insist` a final refusal
   * becomes a wait for what comes of asking once more.
   */
  readonly client: (insist?: () => void) => Promise<unknown>;
}

/** Work is not put off for longer than this at once: the account may come back sooner. */
const PUT_OFF_MS = 30_000;

/** A session's phase, which others can wait for to become `online`. */
export function phases(): Phases {
  let phase: Phase = { kind: "connecting" };
  let change: Signal = signal();

  function set(next: Phase): void {
    phase = next;
    const told = change;
    change = signal();
    told.give();
  }

  async function client(insist?: () => void): Promise<unknown> {
    if (phase.kind === "final" && insist) {
      set({ kind: "connecting" });
      insist();
    }
    while (phase.kind === "connecting") await change.given;
    if (phase.kind === "online") return phase.client;
    throw phase.kind === "waiting" ? putOff(phase.failure, phase.until - performance.now()) : phase.failure;
  }

  return { now: () => phase, set, client };
}

/** Not before the next try to connect; what it waits for is why the last one failed. */
function putOff({ code, message: detail, platformCode }: Failure, ms: number): Failure {
  const retryAfterMs = Math.min(PUT_OFF_MS, Math.max(0, Math.ceil(ms)) + 100);
  const more = platformCode === undefined ? {} : { platformCode };
  return new Failure({ kind: "retryable", code, detail, retryAfterMs, ...more });
}
