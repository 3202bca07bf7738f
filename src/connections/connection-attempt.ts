import { OwnershipLost } from "../accounts/account-ownership.ts";
import type { Failure } from "../model/failure.ts";
import type { ConnectionContext } from "../platform/connection.ts";
import { failureFrom, type Platform } from "../platform/platform.ts";
import { connectTimeout, disconnectedHere, notStored } from "./connection-failures.ts";
import { orderedWriter } from "./ordered-writer.ts";

/** Single connection of an account, from connecting to the end. */
export interface ConnectionAttempt {
  /** Resolves with the client once online; rejects with a `Failure`. */
  readonly online: Promise<unknown>;
  /** Resolves after everything is closed, with the failure that ended the attempt; undefined after `disconnect`. */
  readonly ended: Promise<Failure | undefined>;
  readonly disconnect: () => Promise<void>;
}

/** Context of an attempt without `signal` and `onDisconnected`, which the attempt adds. */
export type AttemptContext = Omit<ConnectionContext<unknown>, "signal" | "onDisconnected">;

/** Longest time that a platform may take to close a client. */
const MAX_CLOSE_MS = 5_000;

/** Connects once and closes the platform's client exactly once, at once when `stop` aborts. */
export function connectionAttempt(
  platform: Platform,
  context: AttemptContext,
  stop: AbortSignal,
  timeoutMs: number,
): ConnectionAttempt {
  const disconnecting = new AbortController();
  let end: (failure: Failure | undefined) => void = () => undefined;
  const over = new Promise<Failure | undefined>((resolve) => {
    end = resolve;
  });
  const onDisconnected = (error: unknown): void =>
    end(error instanceof OwnershipLost ? undefined : failureFrom(platform, error));
  const onStop = (): void => end(undefined);
  if (stop.aborted) onStop();
  else stop.addEventListener("abort", onStop, { once: true });
  const timer = setTimeout(() => end(connectTimeout()), timeoutMs);

  const connected = connect(platform, context, { stop, signal: disconnecting.signal, onDisconnected });
  const online = Promise.race([
    connected,
    over.then((failure) => {
      throw failure ?? disconnectedHere();
    }),
  ]).catch((error: unknown) => {
    throw failureFrom(platform, error);
  });
  online.then(
    () => clearTimeout(timer),
    (failure: Failure) => end(failure),
  );

  async function close(): Promise<void> {
    clearTimeout(timer);
    stop.removeEventListener("abort", onStop);
    if (!disconnecting.signal.aborted) disconnecting.abort(new Error("the connection is no longer wanted"));
    await disposed(platform, connected, context);
  }

  const ended = over.then(async (failure) => {
    await close();
    return failure;
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

/** Ways in which the attempt and the platform end each other. */
interface Ends {
  readonly stop: AbortSignal;
  readonly signal: AbortSignal;
  readonly onDisconnected: (error: unknown) => void;
}

/** Calls the platform's `connect`, unless the attempt was stopped before it began. */
async function connect(
  platform: Platform,
  context: AttemptContext,
  { stop, signal, onDisconnected }: Ends,
): Promise<unknown> {
  const onFailed = (error: unknown): void => onDisconnected(error instanceof OwnershipLost ? error : notStored(error));
  const inOrder = orderedWriter({ signal, log: context.log, onFailed });
  await Promise.resolve();
  stop.throwIfAborted();
  return (platform.connect as NonNullable<Platform["connect"]>)({
    ...(context as ConnectionContext<never>),
    record: (event) => inOrder(() => context.record(event)),
    recordReceipt: (receipt) => inOrder(() => context.recordReceipt(receipt)),
    signal,
    onDisconnected,
  });
}

/**
 * Disposes of the attempt's client. A platform that connects or closes for ever must not keep the account: after
 * `MAX_CLOSE_MS` the attempt counts as closed, and a client that appears later is disposed of then.
 */
async function disposed(
  platform: Platform,
  connected: Promise<unknown>,
  { log }: Pick<AttemptContext, "log">,
): Promise<void> {
  const disposing = connected.then(
    async (client) => {
      try {
        await platform.dispose?.(client);
      } catch (err) {
        log.debug({ err }, "closing a connection failed");
      }
    },
    // A failed connect is published as the attempt's failure and leaves nothing to close.
    () => undefined,
  );
  await Promise.race([
    disposing,
    new Promise<void>((resolve) => {
      setTimeout(resolve, MAX_CLOSE_MS).unref();
    }),
  ]);
}
