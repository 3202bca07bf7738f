import { setTimeout as after } from "node:timers/promises";
import { OwnershipLost } from "../accounts/account-ownership.ts";
import { Failure } from "../model/failure.ts";
import type { ConnectionContext } from "../platform/connection.ts";
import { failureFrom, type Platform } from "../platform/platform.ts";

/** One connection of an account, from dialling to its end. */
export interface ConnectionAttempt {
  /** Resolves with the client when it is online; rejects with a `Failure`. */
  readonly online: Promise<unknown>;
  /** Resolves, after everything is closed, with why it ended; undefined when it was hung up. */
  readonly ended: Promise<Failure | undefined>;
  readonly disconnect: () => Promise<void>;
}

/** What the core gives for one connection; `signal` and `lost` are the line's own. */
export type LineAccess = Omit<ConnectionContext<unknown>, "signal" | "onDisconnected">;

/** Dials once, and sees to it that whatever happens the platform's client is closed, once; at once when `left` aborts. */
export function connectionAttempt(
  platform: Platform,
  access: LineAccess,
  left: AbortSignal,
  timeoutMs: number,
): ConnectionAttempt {
  const hangingUp = new AbortController();
  let end: (why: Failure | undefined) => void = () => undefined;
  const over = new Promise<Failure | undefined>((resolve) => {
    end = resolve;
  });
  const endBy = (thrown: unknown): void =>
    end(thrown instanceof OwnershipLost ? undefined : failureFrom(platform, thrown));
  const leave = (): void => end(undefined);
  if (left.aborted) leave();
  else left.addEventListener("abort", leave, { once: true });
  const timer = setTimeout(() => endBy(slow()), timeoutMs);

  /** A Redis that refuses for a moment (full, failing over) costs no connection: some networks would not say it again. */
  async function patiently<T>(deed: () => Promise<T>): Promise<T> {
    for (let wait = STORE_AGAIN_MS; ; wait *= 2) {
      try {
        return await deed();
      } catch (thrown) {
        if (thrown instanceof OwnershipLost || wait > STORE_AGAIN_MOST_MS || hangingUp.signal.aborted) throw thrown;
        access.log.warn({ error: String(thrown), wait }, "what arrived could not be stored; tried again");
        await after(wait, undefined, { signal: hangingUp.signal }).catch(() => undefined);
      }
    }
  }

  /** In the order of the calls, and none after one that failed: what is not stored must not be passed by. */
  let last: Promise<unknown> = Promise.resolve();
  function inOrder<T>(deed: () => Promise<T>): Promise<T> {
    const mine = last.then(() => patiently(deed));
    last = mine;
    mine.catch((thrown: unknown) => endBy(thrown instanceof OwnershipLost ? thrown : unstored(thrown)));
    return mine;
  }

  // When it was left already nothing is dialled.
  const dialled = Promise.resolve().then(() => {
    left.throwIfAborted();
    return (platform.connect as NonNullable<Platform["connect"]>)({
      ...(access as ConnectionContext<never>),
      record: (arrival) => inOrder(() => access.record(arrival)),
      recordReceipt: (report) => inOrder(() => access.recordReceipt(report)),
      signal: hangingUp.signal,
      onDisconnected: endBy,
    });
  });
  const online = Promise.race([
    dialled,
    over.then((why) => {
      throw why ?? hungUp();
    }),
  ]).catch((thrown: unknown) => {
    throw failureFrom(platform, thrown);
  });
  online.then(
    () => clearTimeout(timer),
    (failure: Failure) => end(failure),
  );

  async function close(): Promise<void> {
    clearTimeout(timer);
    left.removeEventListener("abort", leave);
    if (!hangingUp.signal.aborted) hangingUp.abort(new Error("the connection is no longer wanted"));
    // A platform that dials for ever must not keep the account; what it makes later is closed then.
    const closing = dialled.then((client) => platform.dispose?.(client));
    closing.catch((error: unknown) => access.log.debug({ error: String(error) }, "closing a connection failed"));
    await Promise.race([closing.catch(() => undefined), bounded()]);
  }

  const ended = over.then(async (why) => {
    await close();
    return why;
  });
  return {
    online,
    ended,
    disconnect: async () => {
      end(undefined);
      await ended;
    },
  };
}

const STORE_AGAIN_MS = 250;
const STORE_AGAIN_MOST_MS = 8_000;
const CLOSING_MS = 5_000;
function bounded(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, CLOSING_MS).unref();
  });
}

function unstored(cause: unknown): Failure {
  const detail = "What arrived could not be stored; it is fetched or sent again after a new connection.";
  return new Failure({ kind: "retryable", code: "internal-error", detail, cause });
}
function slow(): Failure {
  const detail = "The network did not let the account in within the time for connecting.";
  return new Failure({ kind: "retryable", code: "platform-timeout", detail });
}
function hungUp(): Failure {
  const detail = "The connection was ended on this side; the work is taken up again.";
  return new Failure({ kind: "retryable", code: "platform-unavailable", detail, retryAfterMs: 500 });
}
