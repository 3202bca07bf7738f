import { Router } from "express";
import type { Metrics, MetricsSnapshot } from "../../src/process/metrics.ts";
import type { HealthDeps } from "../operator/health.ts";
import type { SignIn } from "./console-sign-in.ts";

export interface OverviewRoutesDeps {
  readonly users: SignIn;
  readonly metrics: Pick<Metrics, "merged">;
  /** Snapshots of the processes beside this one. Those that are away or slow are left out. */
  readonly others: () => Promise<readonly MetricsSnapshot[]>;
  readonly health: Pick<HealthDeps, "redis" | "worker">;
}

/** `GET /overview`: the gateway's figures at this moment. */
export function overviewRoutes({ users, metrics, others, health }: OverviewRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  router.get("/overview", async (req, res) => {
    await users.require(req);
    const all = await metrics.merged(await others());
    res.json({
      time: Date.now(),
      // Figures of Node itself are for Prometheus.
      metrics: all.filter(({ name }) => name.startsWith("dragoman_")),
      redis: { up: health.redis.up(), pressure: health.redis.pressure() },
      ...(health.worker === undefined ? {} : { worker: health.worker() }),
    });
  });
  return router;
}
