import type { Log } from "../model/log.ts";
import type { RedisClient } from "./connect.ts";
import { type Pressure, pressureOf, type ServerFacts, serverFacts } from "./server-facts.ts";

/** The latest known state of Redis, for readyz, for refusing work early and for the durability barrier. */
export interface ServerWatch {
  /** Undefined until the first answer. */
  readonly facts: () => ServerFacts | undefined;
  readonly up: () => boolean;
  readonly pressure: () => Pressure;
  /** How many replicas must confirm a write before it counts. */
  readonly replicas: () => number;
  /** Asks now; rejects when Redis is away or too old. */
  readonly look: () => Promise<ServerFacts>;
  readonly close: () => void;
}

export interface WatchDeps {
  readonly client: RedisClient;
  readonly log: Log;
  /** A number of replicas, or `auto`: one as soon as one was seen, and from then on, since a cut-off master sees none. */
  readonly wanted: "auto" | number;
  /** True where replicas are certain to exist (Sentinel). */
  readonly replicated: boolean;
  readonly everyMs?: number;
  /** Told after each look, for metrics; without facts when Redis is away. */
  readonly onLook?: (facts: ServerFacts | undefined) => void;
}

/** Looks at Redis each second and tells the log when something changes. */
export function watchServer(deps: WatchDeps): ServerWatch {
  let facts: ServerFacts | undefined;
  let up = false;
  let seen = deps.replicated;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const look = async (): Promise<ServerFacts> => {
    try {
      const now = await serverFacts(deps.client);
      if (!up) deps.log.info({ version: now.version, fsync: now.fsync, replicas: now.replicas }, "Redis is there");
      tellPressure(deps.log, facts, now);
      facts = now;
      up = true;
      seen ||= now.replicas > 0;
      deps.onLook?.(now);
      return now;
    } catch (error) {
      if (up) deps.log.error({ reason: error instanceof Error ? error.message : "no answer" }, "Redis is away");
      up = false;
      deps.onLook?.(undefined);
      throw error;
    }
  };
  const again = (): void => {
    timer = setTimeout(() => {
      look()
        .catch(() => undefined)
        .finally(() => {
          if (!closed) again();
        });
    }, deps.everyMs ?? 1_000).unref();
  };
  again();

  return {
    facts: () => facts,
    up: () => up,
    pressure: () => (facts === undefined ? "ok" : pressureOf(facts)),
    replicas: () => (deps.wanted === "auto" ? Number(seen) : deps.wanted),
    look,
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function tellPressure(log: Log, before: ServerFacts | undefined, now: ServerFacts): void {
  const pressure = pressureOf(now);
  if (pressure === (before === undefined ? "ok" : pressureOf(before))) return;
  const fields = { pressure, used: now.memoryUsed, limit: now.memoryLimit };
  if (pressure === "ok") log.info(fields, "Redis has room again");
  else log.error(fields, "Redis runs full: new work is refused before it does");
}
