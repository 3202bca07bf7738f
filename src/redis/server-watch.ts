import type { Log } from "../model/log.ts";
import type { RedisClient } from "./connect.ts";
import { type Pressure, pressureOf, type ServerFacts, serverFacts } from "./server-facts.ts";

/** The latest known state of Redis, for `/readyz`, admission control and the durability barrier. */
export interface ServerWatch {
  /** Undefined until the first answer. */
  readonly facts: () => ServerFacts | undefined;
  readonly up: () => boolean;
  readonly pressure: () => Pressure;
  /** Returns the number of replicas that must confirm a write. */
  readonly replicas: () => number;
  /** Asks the server now; rejects when Redis is away or too old. */
  readonly check: () => Promise<ServerFacts>;
  readonly close: () => void;
}

export interface WatchDeps {
  readonly client: RedisClient;
  readonly log: Log;
  /** A number of replicas, or `auto`. `auto` is 1 from the first replica seen, for good: a cut-off master sees none. */
  readonly requiredReplicas: "auto" | number;
  /** True where replicas are certain to exist (Sentinel). */
  readonly replicated: boolean;
  readonly everyMs?: number;
  /** Called after each check, for metrics; without facts when Redis is away. */
  readonly onCheck?: (facts: ServerFacts | undefined) => void;
}

/** Checks Redis each second and logs changes. */
export function watchServer(deps: WatchDeps): ServerWatch {
  let facts: ServerFacts | undefined;
  let up = false;
  let hasReplicas = deps.replicated;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const check = async (): Promise<ServerFacts> => {
    try {
      const now = await serverFacts(deps.client);
      if (!up) deps.log.info({ version: now.version, fsync: now.fsync, replicas: now.replicas }, "redis is available");
      logPressureChange(deps.log, facts, now);
      facts = now;
      up = true;
      hasReplicas ||= now.replicas > 0;
      deps.onCheck?.(now);
      return now;
    } catch (error) {
      if (up) deps.log.error({ err: error }, "redis is unavailable");
      up = false;
      deps.onCheck?.(undefined);
      throw error;
    }
  };
  const schedule = (): void => {
    timer = setTimeout(() => {
      check()
        .catch(() => undefined)
        .finally(() => {
          if (!closed) schedule();
        });
    }, deps.everyMs ?? 1_000).unref();
  };
  schedule();

  return {
    facts: () => facts,
    up: () => up,
    pressure: () => (facts === undefined ? "ok" : pressureOf(facts)),
    replicas: () => (deps.requiredReplicas === "auto" ? Number(hasReplicas) : deps.requiredReplicas),
    check,
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function logPressureChange(log: Log, before: ServerFacts | undefined, now: ServerFacts): void {
  const pressure = pressureOf(now);
  if (pressure === (before === undefined ? "ok" : pressureOf(before))) return;
  const fields = { pressure, used: now.memoryUsed, limit: now.memoryLimit };
  if (pressure === "ok") log.info(fields, "redis memory pressure is over");
  else log.error(fields, "redis memory is nearly full; new activities are refused");
}
