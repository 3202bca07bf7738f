import { Failure } from "../model/failure.ts";

/** Status of an account's connection for work that needs the client. */
export type ClientStatus =
  | { readonly kind: "connecting" }
  | { readonly kind: "online"; readonly client: unknown }
  /** `until` is the time of the next try, in ms of `performance.now()`. */
  | { readonly kind: "backing-off"; readonly until: number; readonly failure: Failure }
  /** Final until the app stores the account again or asks to connect. */
  | { readonly kind: "refused"; readonly failure: Failure }
  | { readonly kind: "closed"; readonly failure: Failure };

/** Longest wait of work for a client. Waiting work occupies a worker slot that others could use. */
const MAX_WAIT_MS = 20_000;
/** Longest deferral of work at once. The account may come back sooner than its next try. */
const MAX_DEFERRAL_MS = 30_000;

/** Status of a connection, and the work that waits for the client. */
export class ClientAccess {
  #status: ClientStatus = { kind: "connecting" };
  readonly #waiting = new Set<() => void>();

  get status(): ClientStatus {
    return this.#status;
  }

  set(status: ClientStatus): void {
    this.#status = status;
    if (status.kind === "connecting") return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** Sets `backing-off` for `ms`; returns the time of the next try. */
  backOff(ms: number, failure: Failure): number {
    const until = performance.now() + ms;
    this.set({ kind: "backing-off", until, failure });
    return until;
  }

  /**
   * Returns the connected client, after waiting while the status is `connecting`.
   * Waits until `signal` aborts, at most `MAX_WAIT_MS`. Rejects with a `Failure` where there is no client. With
   * `forceRetry` a final refusal becomes a wait for another try.
   */
  async client(signal: AbortSignal, forceRetry?: () => void): Promise<unknown> {
    if (this.#status.kind === "refused" && forceRetry) {
      this.set({ kind: "connecting" });
      forceRetry();
    }
    const waitUntil = performance.now() + MAX_WAIT_MS;
    while (this.#status.kind === "connecting") await this.#decided(signal, waitUntil - performance.now());
    const status = this.#status;
    if (status.kind === "online") return status.client;
    throw status.kind === "backing-off" ? deferred(status.failure, status.until - performance.now()) : status.failure;
  }

  /** Resolves when the status is no longer `connecting`; rejects when `signal` aborts, or after `ms`. */
  async #decided(signal: AbortSignal, ms: number): Promise<void> {
    if (signal.aborted || ms <= 0) throw deferred(STILL_CONNECTING, 1_000);
    await new Promise<void>((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", giveUp);
        this.#waiting.delete(wake);
      };
      const wake = (): void => {
        stop();
        resolve();
      };
      const giveUp = (): void => {
        stop();
        reject(deferred(STILL_CONNECTING, 1_000));
      };
      const timer = setTimeout(giveUp, ms);
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.add(wake);
    });
  }
}

const STILL_CONNECTING = new Failure({
  kind: "retryable",
  code: "platform-unavailable",
  detail: "The account is still being connected.",
});

/** Returns a failure that defers work until the next try, with the last try's code. */
function deferred({ code, message: detail, platformCode }: Failure, ms: number): Failure {
  const retryAfterMs = Math.min(MAX_DEFERRAL_MS, Math.max(0, Math.ceil(ms)) + 100);
  return new Failure({
    kind: "retryable",
    code,
    detail,
    retryAfterMs,
    ...(platformCode === undefined ? {} : { platformCode }),
  });
}
