import type { Log } from "../model/log.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import type { DrainShard } from "./outbox.ts";

/** Tells drainers of a process that lanes became ready. A lost message costs a drainer's next look. */
export interface ReadySignal {
  /** Calls `onReady` for each message about a shard; returns the function that ends it. */
  readonly subscribe: (shard: DrainShard, onReady: () => void) => () => void;
}

/** Creates the signal over a separate connection: a subscribed connection accepts no other commands. */
export function readySignal({ redis, log }: { readonly redis: RedisClient; readonly log: Log }): ReadySignal {
  const listeners = new Map<string, () => void>();
  redis.on("message", (channel: string) => listeners.get(channel)?.());
  const logFailure = (err: unknown): void =>
    log.debug({ err }, "subscription to ready lanes failed; drainers look again");
  return {
    subscribe({ tag, drain }, onReady) {
      const channel = keys.ready(tag, drain);
      listeners.set(channel, onReady);
      redis.subscribe(channel).then(onReady, logFailure);
      return () => {
        if (listeners.get(channel) !== onReady) return;
        listeners.delete(channel);
        redis.unsubscribe(channel).catch(logFailure);
      };
    },
  };
}
