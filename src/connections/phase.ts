import { Failure } from "../model/failure.ts";
import { type Signal, signal } from "./deferred-event.ts";

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
  /** Sets `waiting` for so long; answers until when. */
  readonly putOff: (ms: number, failure: Failure) => number;
  /**
   * Waits for the connected client, until `signal` aborts or for `WAIT_MS`. Rejects with a `Failure` where there is none
   * now; with `insist` a final refusal becomes a wait for what comes of asking once more.
   */
  readonly client: (signal: AbortSignal, insist?: () => void) => Promise<unknown>;
}

/** Work waits no longer than this for a connection that is being made: it has a place that others could use. */
const WAIT_MS = 20_000;
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

  /** Resolves when it is no longer `connecting`; rejects when that lasts too long. */
  async function settled(signal: AbortSignal): Promise<void> {
    let giveUp: () => void = () => undefined;
    const enough = new Promise<never>((_, reject) => {
      giveUp = () => reject(putOff(STILL, 1_000));
    });
    const timer = setTimeout(giveUp, WAIT_MS);
    signal.addEventListener("abort", giveUp, { once: true });
    if (signal.aborted) giveUp();
    try {
      while (phase.kind === "connecting") await Promise.race([change.given, enough]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
    }
  }

  async function client(signal: AbortSignal, insist?: () => void): Promise<unknown> {
    if (phase.kind === "final" && insist) {
      set({ kind: "connecting" });
      insist();
    }
    if (phase.kind === "connecting") await settled(signal);
    const now = phase as Phase;
    if (now.kind === "online") return now.client;
    if (now.kind === "connecting") throw putOff(STILL, 1_000);
    throw now.kind === "waiting" ? putOff(now.failure, now.until - performance.now()) : now.failure;
  }

  return {
    now: () => phase,
    set,
    putOff(ms, failure) {
      const until = performance.now() + ms;
      set({ kind: "waiting", until, failure });
      return until;
    },
    client,
  };
}

const STILL = new Failure({
  kind: "retryable",
  code: "platform-unavailable",
  detail: "The account is still being connected.",
});

/** Not before the next try to connect; what it waits for is why the last one failed. */
function putOff({ code, message: detail, platformCode }: Failure, ms: number): Failure {
  const retryAfterMs = Math.min(PUT_OFF_MS, Math.max(0, Math.ceil(ms)) + 100);
  const more = platformCode === undefined ? {} : { platformCode };
  return new Failure({ kind: "retryable", code, detail, retryAfterMs, ...more });
}
