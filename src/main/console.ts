import type { Router } from "express";
import { consoleRoutes } from "../../routes/console/console-routes.ts";
import type { OverviewRoutesDeps } from "../../routes/console/overview-routes.ts";
import { auditLog } from "../console/audit-log.ts";
import { consoleSessions } from "../console/console-sessions.ts";
import { shardQueue } from "../model/lane.ts";
import { SHARDS } from "../model/shard.ts";
import { deleteApp } from "../operations/delete-app.ts";
import { CONSENT_QUEUE } from "../outbox/lane-queues.ts";
import { redisTopics } from "../polling/redis-topics.ts";
import type { ApiDeps, ApiServices } from "./api-services.ts";

/** Creates the console's router; none where the operator switched the console off. */
export function consoleRouters(
  { config, version, metrics, log }: ApiDeps,
  parts: ApiServices,
  { others, health }: Pick<OverviewRoutesDeps, "others" | "health">,
): readonly Router[] {
  if (!config.console) return [];
  const { redis, origins, proxyTrust, countGuess, registry, callers, accounts, hooks, lanes, enabled } = parts;
  const shards = Array.from({ length: SHARDS }, (_, shard) => shardQueue(shard));
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
      lanes,
      queues: [...enabled.map(({ id }) => id), ...shards, CONSENT_QUEUE],
      log,
    }),
  ];
}
