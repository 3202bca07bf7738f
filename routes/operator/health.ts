import { Router } from "express";
import type { Pressure, ServerFacts } from "../../src/redis/server-facts.ts";
import { PRIVATE_HEADERS } from "../http/private-answer.ts";

export interface HealthDeps {
  /** True from the first SIGTERM on: proxies must send no new work. */
  readonly draining: () => boolean;
  readonly redis: {
    readonly up: () => boolean;
    readonly facts: () => ServerFacts | undefined;
    readonly pressure: () => Pressure;
  };
  /** Whether the worker process beside the API works; absent where there is none to supervise. */
  readonly worker?: () => boolean;
}

/** What `/readyz` answers. Whether work should be sent here, and what its Redis really guarantees (promise "durable"). */
export interface Readiness {
  readonly status: "ready" | "draining" | "unavailable";
  readonly redis: {
    readonly up: boolean;
    readonly durable?: boolean;
    readonly fsync?: ServerFacts["fsync"];
    readonly eviction?: string;
    readonly replicas?: number;
    readonly pressure: Pressure;
    readonly warnings?: readonly string[];
  };
  readonly worker?: boolean;
}

/** `GET /healthz` (the process answers) and `GET /readyz` (503 while draining or without its Redis). */
export function healthRoutes(deps: HealthDeps): Router {
  const router = Router({ caseSensitive: true });
  router.get("/healthz", (_req, res) => {
    res.set(PRIVATE_HEADERS).json({ status: "ok" });
  });
  router.get("/readyz", (_req, res) => {
    const readiness = readinessOf(deps);
    res
      .status(readiness.status === "ready" ? 200 : 503)
      .set(PRIVATE_HEADERS)
      .json(readiness);
  });
  return router;
}

function readinessOf(deps: HealthDeps): Readiness {
  const up = deps.redis.up();
  const facts = deps.redis.facts();
  const known =
    facts === undefined
      ? {}
      : {
          durable: facts.durable,
          fsync: facts.fsync,
          eviction: facts.eviction,
          replicas: facts.replicas,
          warnings: facts.warnings,
        };
  return {
    status: statusOf(deps.draining(), up),
    redis: { up, pressure: deps.redis.pressure(), ...known },
    ...(deps.worker === undefined ? {} : { worker: deps.worker() }),
  };
}

function statusOf(draining: boolean, up: boolean): Readiness["status"] {
  if (draining) return "draining";
  return up ? "ready" : "unavailable";
}
