import type { Router } from "express";
import { adminRoutes } from "../../routes/console/admin-routes.ts";
import { consoleRoutes } from "../../routes/console/console-routes.ts";
import type { OverviewRoutesDeps } from "../../routes/console/overview-routes.ts";
import { adminTokens } from "../console/admin-tokens.ts";
import { auditLog } from "../console/audit-log.ts";
import { consoleSessions } from "../console/console-sessions.ts";
import { shardQueue } from "../model/lane.ts";
import { SHARDS } from "../model/shard.ts";
import { deleteApp } from "../operations/delete-app.ts";
import { CONSENT_QUEUE } from "../outbox/lane-queues.ts";
import { redisTopics } from "../polling/redis-topics.ts";
import type { ApiDeps, ApiServices } from "./api-services.ts";

/** Creates the routers of administration. The console is left out where the operator switched it off. */
export function consoleRouters(
  { config, version, metrics, log }: ApiDeps,
  parts: ApiServices,
  { others, health }: Pick<OverviewRoutesDeps, "others" | "health">,
): readonly Router[] {
  const { redis, origins, proxyTrust, countGuess, registry, callers, accounts, hooks, lanes, enabled } = parts;
  const audit = auditLog({ redis });
  const admin = adminRoutes({
    registry,
    tokens: adminTokens({ redis }),
    countFailedAuth: countGuess,
    audit,
    log,
  });
  if (!config.console) return [admin];
  const shards = Array.from({ length: SHARDS }, (_, shard) => shardQueue(shard));
  const deletion = { redis, registry, accounts, webhooks: hooks, topics: redisTopics({ redis }), lanes };
  return [
    admin,
    consoleRoutes({
      basePath: config.basePath,
      sessions: consoleSessions({ redis, hours: config.consoleHours }),
      audit,
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
      lanes,
      queues: [...enabled.map(({ id }) => id), ...shards, CONSENT_QUEUE],
      log,
    }),
  ];
}
