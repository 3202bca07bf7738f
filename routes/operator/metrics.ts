import express, { type Express, type Request, Router } from "express";
import type { Metrics, MetricsSnapshot } from "../../src/process/metrics.ts";
import { Problem, sendProblem } from "../http/problem.ts";
import { type HealthDeps, healthRoutes } from "./health.ts";

export interface MetricsDeps {
  readonly metrics: Pick<Metrics, "text" | "contentType">;
  /** Snapshots of the processes beside this one. Those that are away or slow are left out. */
  readonly others?: () => Promise<readonly MetricsSnapshot[]>;
}

/**
 * `GET /metrics` on the public listener of a gateway that nobody but this machine reaches. Only for a direct peer on
 * loopback whose request went through no proxy; for all others it does not exist.
 */
export function metricsRoutes(deps: MetricsDeps): Router {
  return routes(deps, isDirectLoopback);
}

/** The whole application on ADMIN_LISTEN, of an API or a worker. Serves health and metrics to every caller. */
export function adminApp(deps: MetricsDeps & HealthDeps): Express {
  const app = express().disable("x-powered-by").disable("etag");
  app.use(
    healthRoutes(deps),
    routes(deps, () => true),
  );
  app.use((_req, res) => sendProblem(res, new Problem("not-found", "There is no resource at this path.")));
  return app;
}

function routes(deps: MetricsDeps, allowed: (req: Request) => boolean): Router {
  const router = Router({ caseSensitive: true });
  router.get("/metrics", async (req, res, next) => {
    if (!allowed(req)) {
      next();
      return;
    }
    const text = await deps.metrics.text(await deps.others?.());
    res.set({ "Content-Type": deps.metrics.contentType, "Cache-Control": "no-store" }).end(text);
  });
  return router;
}

/** Headers that proxies add. A proxy on this machine also comes from loopback. */
const FORWARDING = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

const LOCAL_HOST = /^(127\.[\d.]+|localhost|\[::1\])(:\d+)?$/i;

function isDirectLoopback(req: Request): boolean {
  const peer = req.socket.remoteAddress;
  const loopback = peer !== undefined && /^(127\.|::1$|::ffff:127\.)/.test(peer);
  return loopback && LOCAL_HOST.test(req.headers.host ?? "") && !FORWARDING.some((header) => header in req.headers);
}
