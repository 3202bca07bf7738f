import { createServer, type Server } from "node:http";
import { accountRoutes } from "../routes/accounts.ts";
import { activityRoutes } from "../routes/activities.ts";
import { createApp } from "../routes/app.ts";
import { authenticate } from "../routes/authenticate.ts";
import { way } from "../routes/client-ip.ts";
import { guesses } from "../routes/guesses.ts";
import { healthRoutes } from "../routes/health.ts";
import { metricsRoutes } from "../routes/metrics.ts";
import { origins } from "../routes/origin.ts";
import { platformNames } from "../routes/platform-names.ts";
import { admission } from "../routes/pressure.ts";
import { revocationRoutes } from "../routes/revocations.ts";
import { submission } from "../routes/submit.ts";
import { tokenRoutes } from "../routes/tokens.ts";
import { sweep } from "../workers/sweep.ts";
import { keyCache } from "./apps/key-cache.ts";
import { appRegistry } from "./apps/registry.ts";
import { redisRevocations } from "./apps/revocations.ts";
import { redisTickets } from "./apps/tickets.ts";
import type { Config } from "./config.ts";
import { eventTail } from "./events/tail.ts";
import { awaitResult } from "./events/wait.ts";
import { listen } from "./listen.ts";
import type { Log } from "./log.ts";
import { platformSettings, wantsSandbox } from "./main-platforms.ts";
import { openPorts, type Store } from "./main-store.ts";
import type { Metrics } from "./metrics.ts";
import { enabledPlatforms, platforms } from "./platforms/index.ts";
import type { SupervisedWorker } from "./supervise.ts";

export interface RunningApi {
  /** Where it listens, e.g. `http://127.0.0.1:8000`. */
  readonly address: string;
  readonly registry: ReturnType<typeof appRegistry>;
  /** Refuses new work, ends streams with a hint to come back, waits for what is under way. */
  readonly stop: (graceMs: number) => Promise<void>;
}

/** The API role: takes activities in and lets events out. */
export async function startApi(
  config: Config,
  store: Store,
  metrics: Metrics,
  worker: SupervisedWorker | undefined,
  log: Log,
): Promise<RunningApi> {
  const { redis, eventLog, outbox, lanes, accounts } = openPorts(config, store, "producer", log);
  const { appendControl } = eventLog;
  let draining = false;
  const isDraining = (): boolean => draining;
  const { basePath, allowedOrigins, publicUrl, trustProxy } = config;

  const all = enabledPlatforms(
    config.platforms,
    platforms(platformSettings(config, wantsSandbox(config) ? SANDBOX_ELSEWHERE : undefined)),
  );
  const names = platformNames(all);
  const registry = appRegistry({ redis, keyring: store.ring, appendControl });
  const keys = keyCache({ find: registry.find, keyring: store.ring });
  const revocations = redisRevocations({ redis, appendControl });
  const tickets = redisTickets(redis);
  const road = way(trustProxy);
  const pages = origins({ allowedOrigins, publicUrl, way: road });
  const who = authenticate({
    keys,
    revocations,
    tickets,
    origins: pages,
    countGuess: guesses(road.clientIp),
    way: road,
    basePath,
    canonical: names.canonical,
  });
  const tail = eventTail({
    connect: store.connections.blocking,
    control: redis,
    log: eventLog,
    logger: log,
    kept: config.eventsKept,
  });
  const intake = submission({
    outbox,
    lanes,
    find: names.find,
    basePath,
    log,
    admit: admission({ rate: config.rate, redis: store.watch.pressure, draining: isDraining }),
    onAccepted: (platform, seconds) => {
      metrics.accepted.inc({ platform });
      metrics.acceptSeconds.observe(seconds);
    },
  });

  const health = healthRoutes({
    draining: isDraining,
    redis: store.watch,
    ...(worker ? { worker: worker.ready } : {}),
  });
  const app = createApp({
    basePath,
    trustProxy,
    cors: pages.cors,
    first: [
      activityRoutes({
        who,
        submission: intake,
        outbox,
        lanes,
        awaitResult: (name, rid) => awaitResult(tail, name, rid),
      }),
    ],
    ordinary: [
      tokenRoutes({ who, keys, tickets, platforms: names }),
      revocationRoutes({ who, revocations }),
      accountRoutes({ who, accounts, platforms: names }),
      health,
      metricsRoutes({ metrics, others: () => snapshots(worker) }),
    ],
    atRoot: [health],
    log,
  });
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 60_000,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 75_000,
      maxHeaderSize: 16_384,
    },
    app,
  );
  const address = await listen(server, config.host, config.port);
  const broom = sweep({ outbox, lanes, log });

  return {
    address,
    registry,
    async stop(graceMs) {
      draining = true;
      await broom.stop();
      await closeServer(server, graceMs);
      await tail.close();
      await lanes.close();
    },
  };
}

/** The API only needs to know that a sandbox stands in for a relay; the worker runs it. */
const SANDBOX_ELSEWHERE = { sandbox: { host: "127.0.0.1", port: 0, password: "" } };

async function snapshots(worker: SupervisedWorker | undefined) {
  const snapshot = await worker?.metrics();
  return snapshot === undefined ? [] : [snapshot];
}

/** Ends idle connections at once and busy ones after their answer, or after `graceMs`. */
function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(late);
      resolve();
    });
    server.closeIdleConnections();
  });
}
