import { Refusal } from "../model/refusal.ts";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { luaScript, oneOf } from "./script-loader.ts";
import { scriptRunner } from "./script-runner.ts";

/** Bytes that an app stores for a limited time. `name` is unique within the app and has no `|`. */
export interface Reservation {
  readonly name: string;
  readonly bytes: number;
  readonly seconds: number;
}

/** Counts short-lived records in their app's share of bytes, which is released at their expiry. */
export interface ByteReservations {
  /** Throws `Refusal` `quota-exceeded` where the app's share has no room. */
  readonly reserve: (app: string, reservation: Reservation) => Promise<void>;
  /** Counts the same bytes for longer. */
  readonly extend: (app: string, reservation: Reservation) => Promise<void>;
}

export interface ByteReservationsDeps {
  readonly redis: RedisClient;
  /** Returns how many bytes an app may store, see app-bytes.lua; default: unlimited. */
  readonly maxBytes?: () => number;
}

const RESERVE = luaScript(new URL("./scripts/reserve-bytes.lua", import.meta.url), {
  keys: ["counts", "keptBytes"],
  args: ["name", "bytes", "maxBytes", "seconds", "isExtension"],
  reply: oneOf("reserved", "full"),
});

/** Creates the reservations over Redis. */
export function byteReservations({
  redis,
  maxBytes = () => Number.MAX_SAFE_INTEGER,
}: ByteReservationsDeps): ByteReservations {
  const run = scriptRunner(redis, { reserve: RESERVE });
  const count = (app: string, { name, bytes, seconds }: Reservation, isExtension: boolean) =>
    run.reserve({
      keys: { counts: keys.counts(app), keptBytes: keys.keptBytes(app) },
      args: { name, bytes, seconds, isExtension, maxBytes: maxBytes() },
    });
  return {
    reserve: async (app, reservation) => {
      if ((await count(app, reservation, false)) === "reserved") return;
      throw new Refusal("quota-exceeded", "The app has reached its storage limit.", undefined, { retryAfter: 60 });
    },
    extend: async (app, reservation) => {
      await count(app, reservation, true);
    },
  };
}
