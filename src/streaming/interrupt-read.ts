import type { Cluster, Redis } from "ioredis";
import type { Log } from "../model/log.ts";

export type Connection = Redis | Cluster;

export interface ReadInterrupter {
  /** Stream to read along with the others. An entry in it makes a blocked read return. */
  readonly key: string;
  /** The id to read it from. */
  readonly after: () => string;
  readonly seen: (id: string) => void;
  /** Makes the read that is under way return soon. Tries again until it took or that read ended. */
  readonly wake: (stillReading: () => boolean) => Promise<void>;
}

const RETRY_MS = 100;
const FORGET_SECONDS = 3_600;

/**
 * Wakes a blocked XREAD by a stream of its own. Unlike CLIENT UNBLOCK it can't come too early for a read that is just
 * being sent, needs no connection's id, and reaches the right node of a Cluster.
 */
export function readInterrupter(control: Connection, key: string, log: Log): ReadInterrupter {
  let after = "0-0";
  return {
    key,
    after: () => after,
    seen: (id) => {
      after = id;
    },
    wake: async (stillReading) => {
      while (stillReading()) {
        try {
          await control.xadd(key, "MAXLEN", 1, "*", "w", "1");
          await control.expire(key, FORGET_SECONDS);
          return;
        } catch (error) {
          log.debug({ err: error }, "waking the log reader failed; retrying");
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        }
      }
    },
  };
}
