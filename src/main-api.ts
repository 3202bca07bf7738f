import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Router } from "express";
import { openapiDocument } from "../openapi/document.ts";
import { accountDoors } from "../routes/account-doors.ts";
import { accountRoutes } from "../routes/accounts.ts";
import { type ActivityRoutesDeps, activityRoutes } from "../routes/activities.ts";
import { createApp } from "../routes/app.ts";
import { authenticate } from "../routes/authenticate.ts";
import { answerBadFraming } from "../routes/bad-framing.ts";
import { clientRoutes } from "../routes/client.ts";
import { way } from "../routes/client-ip.ts";
import { consentRoutes } from "../routes/consents.ts";
import { deadLetterRoutes } from "../routes/dead-letters.ts";
import { eventRoutes } from "../routes/events.ts";
import { guesses } from "../routes/guesses.ts";
import { healthRoutes } from "../routes/health.ts";
import { hookRoutes } from "../routes/hooks.ts";
import { hotPath } from "../routes/hot-path.ts";
import { lastAnswers } from "../routes/last-answers.ts";
import { metricsRoutes } from "../routes/metrics.ts";
import { openapiRoutes } from "../routes/openapi.ts";
import { origins } from "../routes/origin.ts";
import { platformNames } from "../routes/platform-names.ts";
import { platformRoutes } from "../routes/platforms.ts";
import { postActivities } from "../routes/post-activities.ts";
import { admission } from "../routes/pressure.ts";
import { watchRefusals } from "../routes/refusals.ts";
import { revocationRoutes } from "../routes/revocations.ts";
import { mountSocket, socketRoutes } from "../routes/socket.ts";
import { streamSet } from "../routes/stream-set.ts";
import { submission } from "../routes/submit.ts";
import { tokenRoutes } from "../routes/tokens.ts";
import { tryRoutes } from "../routes/try.ts";
import { sweep } from "../workers/sweep.ts";
import { keyCache } from "./apps/key-cache.ts";
import { appRegistry } from "./apps/registry.ts";
import { redisRevocations } from "./apps/revocations.ts";
import { redisTickets } from "./apps/tickets.ts";
import { type Config, readSurroundings } from "./config.ts";
import { redisConsents } from "./consents/consents.ts";
import { addressCheck } from "./delivery/egress-address.ts";
import { eventTail } from "./events/tail.ts";
import { awaitResult } from "./events/wait.ts";
import { closeServer, connectionsLeft, listen, stopListening } from "./listen.ts";
import type { Log } from "./log.ts";
import { startAdmin } from "./main-admin.ts";
import { inbound } from "./main-inbound.ts";
import { type ChoosePlatforms, SANDBOX_ELSEWHERE } from "./main-platforms.ts";
import { openPorts, type Store } from "./main-store.ts";
import type { Metrics } from "./metrics.ts";
import { wantsSandbox } from "./sandbox/wanted.ts";
import type { SupervisedWorker } from "./supervise.ts";

export interface RunningApi {
  /** Where it listens, e.g. `http://127.0.0.1:8000`. */
  readonly address: string;
  readonly registry: ReturnType<typeof appRegistry>;
  /** Says at `/readyz` that new work should go elsewhere, and still takes it. */
  readonly leave: () => void;
  /** Refuses new work and ends the streams with a hint to come back. */
  readonly drain: () => Promise<void>;
  /** Takes no new connection, ends the streams, and waits up to `mostMs` for what is under way. */
  readonly stop: (mostMs: number) => Promise<void>;
}

export interface ApiDeps {
  readonly config: Config;
  /** Of the product, for the OpenAPI document. */
  readonly version: string;
  readonly choose: ChoosePlatforms;
  readonly store: Store;
  readonly metrics: Metrics;
  /** The worker process beside this API, if there is one. */
  readonly worker: SupervisedWorker | undefined;
  readonly log: Log;
}

/** The API role: takes activities in and lets events out. */
export async function startApi(deps: ApiDeps): Promise<RunningApi> {
  const { config, log } = deps;
  const parts = partsOf(deps);
  const { drain, outbox, lanes, streams, tail, registry } = parts;
  const health = {
    draining: parts.leaving.on,
    redis: deps.store.watch,
    ...(deps.worker ? { worker: deps.worker.ready } : {}),
  };
  const counted = { metrics: deps.metrics, others: () => snapshots(deps.worker) };

  const activity = activityDeps(parts);
  // Where metrics have a listener of their own, this one has none.
  const metrics = config.adminListen === "" ? [metricsRoutes(counted)] : [];
  const app = appOf(deps, parts, activityRoutes(activity), healthRoutes(health), metrics);
  const path = `${config.basePath}/activities`;
  const handle = (req: IncomingMessage, res: ServerResponse) => postActivities(activity, req, res);
  const server = createServer(TIMES, lastAnswers(parts.closing.on, hotPath({ path, handle, otherwise: app, log })));
  answerBadFraming(server);
  watchRefusals(server, (code) => deps.metrics.refused.inc({ code }));
  mountSocket({ server, submission: parts.intake, ...parts, config, log });
  const address = await listen(server, config.host, config.port, readSurroundings().keptSocket);
  const admin = await startAdmin({ listenAt: config.adminListen, health, counted, log });
  const onOutstanding = (count: number) => deps.metrics.outstanding.set(count);
  const broom = sweep({ outbox, lanes, log, onOutstanding });

  return {
    address,
    registry,
    leave: parts.leaving.begin,
    drain: () => {
      parts.leaving.begin();
      drain.begin();
      return streams.drain();
    },
    async stop(mostMs) {
      const until = Date.now() + mostMs;
      parts.leaving.begin();
      await stopListening(server);
      parts.closing.begin();
      await Promise.all([broom.stop(), streams.drain(mostMs)]);
      // What proxies send on connections that they keep is taken to the last; each answer ends its connection.
      await connectionsLeft(server, Math.min(PROXIES_MS, mostMs));
      drain.begin();
      streams.stop();
      await Promise.all([closeServer(server, Math.max(0, until - Date.now())), admin.close()]);
      await tail.close();
      await lanes.close();
    },
  };
}

/** Longer than the proxies' own keep-alive, so that they never meet a connection that we are closing. */
const TIMES = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 75_000,
  maxHeaderSize: 16_384,
} as const;

/** How long connections that proxies keep open may wait for the request whose answer ends them. */
const PROXIES_MS = 2_000;

/** Everything behind the routes. */
function partsOf({ config, choose, store, metrics, log }: ApiDeps) {
  const ports = openPorts(config, store, "producer", log);
  const { redis, eventLog, outbox, lanes } = ports;
  const { appendControl } = eventLog;
  const drain = switchOnce();
  const enabled = choose(config, wantsSandbox(config) ? SANDBOX_ELSEWHERE : undefined);
  const names = platformNames(enabled);
  const registry = appRegistry({ redis, keyring: store.ring, appendControl });
  const keys = keyCache({ find: registry.find, keyring: store.ring });
  const revocations = redisRevocations({ redis, appendControl });
  const tickets = redisTickets(redis);
  const road = way(config.trustProxy);
  const pages = origins({ allowedOrigins: config.allowedOrigins, publicUrl: config.publicUrl, way: road });
  const { canonical } = names;
  const countGuess = guesses(road.clientIp);
  const who = authenticate({
    keys,
    revocations,
    tickets,
    origins: pages,
    countGuess,
    way: road,
    basePath: config.basePath,
    canonical,
  });
  const tail = eventTail({
    connect: store.connections.blocking,
    control: redis,
    log: eventLog,
    logger: log,
    kept: config.eventsKept,
  });
  const admit = admission({ rate: config.rate, redis: store.watch.pressure, draining: drain.on });
  const intake = submission({
    outbox,
    lanes,
    find: names.find,
    basePath: config.basePath,
    log,
    mayReach: addressCheck(config.allowPrivate),
    admit,
    onAccepted: (platform, seconds) => {
      metrics.accepted.inc({ platform });
      metrics.acceptSeconds.observe(seconds);
    },
  });
  const streams = streamSet({ config, metrics });
  return {
    ...ports,
    ring: store.ring,
    inbound: inbound({ config, store, redis, doors: ports.doors, names, admit }),
    leaving: switchOnce(),
    closing: switchOnce(),
    drain,
    enabled,
    names,
    canonical,
    registry,
    keys,
    revocations,
    tickets,
    origins: pages,
    countGuess,
    admit,
    who,
    tail,
    intake,
    streams,
  };
}

type Parts = ReturnType<typeof partsOf>;

function activityDeps({ who, intake: submission, outbox, lanes, tail }: Parts): ActivityRoutesDeps {
  return { who, submission, outbox, lanes, awaitResult: (app, rid) => awaitResult(tail, app, rid) };
}

function appOf(
  { config, version, log }: ApiDeps,
  parts: Parts,
  activities: Router,
  health: Router,
  metrics: readonly Router[],
) {
  const { who, names, tail, streams, canonical, keys, tickets, revocations, accounts } = parts;
  return createApp({
    basePath: config.basePath,
    trustProxy: config.trustProxy,
    cors: parts.origins.cors,
    first: [
      activities,
      eventRoutes({ who, tail, streams, config, canonical, log }),
      socketRoutes(),
      ...readers(config, parts),
    ],
    ordinary: [
      tryRoutes({ basePath: config.basePath }),
      clientRoutes(),
      tokenRoutes({ who, keys, tickets, platforms: names }),
      revocationRoutes({ who, revocations }),
      accountRoutes({
        who,
        accounts,
        platforms: names,
        doors: accountDoors(parts.doors, names, `${config.publicUrl.replace(/\/+$/, "")}${config.basePath}`),
        nudge: parts.lanes.nudge,
        log,
      }),
      consentRoutes({
        who,
        consents: redisConsents({ redis: parts.redis, keyring: parts.ring }),
        lanes: parts.lanes,
        platforms: names,
        publicBase: config.publicUrl === "" ? undefined : `${config.publicUrl.replace(/\/+$/, "")}${config.basePath}`,
        origins: parts.origins,
        countGuess: parts.countGuess,
        admit: parts.admit,
      }),
      platformRoutes({ platforms: parts.enabled }),
      openapiRoutes({
        document: openapiDocument({
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

/** Routes that read bodies themselves: some of their POSTs have none, or need its raw bytes. */
function readers(
  { allowPrivate }: Config,
  { who, hooks, eventLog, names, inbound, ...parts }: Parts,
): readonly Router[] {
  const { deadLetters, outbox, intake: submission } = parts;
  return [
    hookRoutes({ who, hooks, eventLog, platforms: names, allowPrivate }),
    deadLetterRoutes({ who, deadLetters, outbox, submission }),
    inbound,
  ];
}

async function snapshots(worker: SupervisedWorker | undefined) {
  const snapshot = await worker?.metrics();
  return snapshot === undefined ? [] : [snapshot];
}

function switchOnce(): { readonly on: () => boolean; readonly begin: () => void } {
  let state = false;
  return {
    on: () => state,
    begin: () => {
      state = true;
    },
  };
}
