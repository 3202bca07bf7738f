import type { Router } from "express";
import { openapiDocument } from "../../openapi/document.ts";
import { createApp } from "../../routes/http/app.ts";
import { clientRoutes } from "../../routes/operator/client-script.ts";
import { documentationRoutes } from "../../routes/operator/documentation.ts";
import { openapiRoutes } from "../../routes/operator/openapi.ts";
import { tryRoutes } from "../../routes/operator/try-page.ts";
import { accountViews } from "../../routes/resources/account-endpoints.ts";
import { accountRoutes } from "../../routes/resources/accounts.ts";
import type { ActivityRoutesDeps } from "../../routes/resources/activities.ts";
import { consentRoutes } from "../../routes/resources/consents.ts";
import { deadLetterRoutes } from "../../routes/resources/dead-letters.ts";
import { platformRoutes } from "../../routes/resources/platforms.ts";
import { revocationRoutes } from "../../routes/resources/revocations.ts";
import { suppressionRoutes } from "../../routes/resources/suppressions.ts";
import { tokenRoutes } from "../../routes/resources/tokens.ts";
import { hookRoutes } from "../../routes/resources/webhooks.ts";
import { eventRoutes } from "../../routes/streams/events.ts";
import { webSocketRoutes } from "../../routes/streams/websocket.ts";
import { publicBase } from "../config/public-base.ts";
import type { Config } from "../config/settings.ts";
import { redisConsents } from "../consents/redis-consents.ts";
import { eventFormats } from "../event-formats/event-formats.ts";
import type { Log } from "../model/log.ts";
import { schemeLookup } from "../platform/platform-registry.ts";
import { awaitResult } from "../streaming/await-result.ts";
import type { ApiDeps, ApiServices } from "./api-services.ts";

/** Returns the dependencies of the routes for activities. */
export function activityDeps(
  { authenticate, submit, outbox, lanes, tail, history, canonicalId, allowanceOf }: ApiServices,
  config: Pick<Config, "history">,
  log: Log,
): ActivityRoutesDeps {
  return {
    authenticate,
    submit,
    allowanceOf,
    outbox,
    lanes,
    history: config.history === 0 ? undefined : history,
    canonicalId,
    log,
    awaitResult: (app, rid) => awaitResult(tail, app, rid),
  };
}

/** Routers that need more than the services. */
export interface ApiRouters {
  /** Administration, with the web console where it is on. */
  readonly web: readonly Router[];
  readonly activities: Router;
  readonly health: Router;
  readonly metrics: readonly Router[];
}

/** Creates the Express app with every route. */
export function appOf(deps: ApiDeps, parts: ApiServices, { web, activities, health, metrics }: ApiRouters) {
  const { config, version, log } = deps;
  const { authenticate, names, tail, streams, canonicalId, keys, tickets, revocations, accounts } = parts;
  const base = publicBase(config);
  return createApp({
    basePath: config.basePath,
    trustProxy: config.trustProxy,
    cors: parts.origins.cors,
    first: [
      ...web,
      activities,
      eventRoutes({
        authenticate,
        tail,
        streams,
        config,
        canonicalId,
        formats: eventFormats(schemeLookup(names.find)),
        log,
      }),
      webSocketRoutes(),
      ...readers(config, parts),
    ],
    ordinary: [
      tryRoutes({ basePath: config.basePath }),
      clientRoutes(),
      documentationRoutes(),
      tokenRoutes({ authenticate, keys, tickets, platforms: names }),
      revocationRoutes({ authenticate, revocations }),
      accountRoutes({
        authenticate,
        accounts,
        platforms: names,
        endpoints: parts.endpoints,
        views: accountViews(parts.endpoints, names, base),
        lanes: parts.lanes,
        log,
      }),
      consentRoutes({
        authenticate,
        consents: redisConsents({ redis: parts.redis, keyring: parts.ring, bytes: parts.bytes }),
        lanes: parts.lanes,
        platforms: names,
        publicBase: config.publicUrl === "" ? undefined : base,
        isListedOrigin: parts.origins.isListed,
        countFailedAuth: parts.countGuess,
        admit: parts.admit,
      }),
      platformRoutes({ platforms: parts.enabled }),
      openapiRoutes({
        document: () =>
          openapiDocument({
            version,
            platforms: parts.enabled,
            basePath: config.basePath,
            publicUrl: config.publicUrl,
          }),
      }),
      ...metrics,
    ],
    atRoot: [health],
    log,
  });
}

/** Creates the routers that read bodies themselves. Some POSTs have no body, or need raw bytes. */
function readers(
  { allowPrivate }: Config,
  { authenticate, hooks, eventLog, names, inbound, ...parts }: ApiServices,
): readonly Router[] {
  const { deadLetters, outbox, submit, suppressions, enabled } = parts;
  return [
    hookRoutes({ authenticate, hooks, eventLog, platforms: names, allowPrivate }),
    suppressionRoutes({ authenticate, suppressions, enabled }),
    deadLetterRoutes({ authenticate, deadLetters, outbox, submit }),
    inbound,
  ];
}
