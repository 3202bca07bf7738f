import type { Router } from "express";
import { consoleRoutes } from "../../routes/console/console-routes.ts";
import type { OverviewRoutesDeps } from "../../routes/console/overview-routes.ts";
import { auditLog } from "../console/audit-log.ts";
import { consoleSessions } from "../console/console-sessions.ts";
import { deleteApp } from "../operations/delete-app.ts";
import { redisTopics } from "../polling/redis-topics.ts";
import type { ApiDeps, ApiServices } from "./api-services.ts";

/** Creates the console's router; none where the operator switched the console off. */
export function consoleRouters(
  { config, version, metrics, log }: ApiDeps,
  parts: ApiServices,
  { others, health }: Pick<OverviewRoutesDeps, "others" | "health">,
): readonly Router[] {
  if (!config.console) return [];
  const { redis, origins, proxyTrust, countGuess, registry, callers, accounts, hooks, lanes } = parts;
  const deletion = { redis, registry, accounts, webhooks: hooks, topics: redisTopics({ redis }), lanes };
  return [
    consoleRoutes({
      basePath: config.basePath,
      sessions: consoleSessions({ redis, hours: config.consoleHours }),
      audit: auditLog({ redis }),
      origins,
      proxyTrust,
      countFailedAuth: countGuess,
      about: { version },
      registry,
      deleteApp: (id) => deleteApp(deletion, id),
      callers,
      metrics,
      others,
      health,
      log,
    }),
  ];
}
