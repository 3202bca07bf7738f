import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { openapiDocument } from "../../openapi/document.ts";
import { accountRoutes } from "../../routes/accounts.ts";
import { activityRoutes, postActivities } from "../../routes/activities.ts";
import { createApp } from "../../routes/app.ts";
import { authenticate } from "../../routes/authenticate.ts";
import { way } from "../../routes/client-ip.ts";
import { eventRoutes } from "../../routes/events.ts";
import { guesses } from "../../routes/guesses.ts";
import { healthRoutes } from "../../routes/health.ts";
import { hotPath } from "../../routes/hot-path.ts";
import { metricsRoutes } from "../../routes/metrics.ts";
import { openapiRoutes } from "../../routes/openapi.ts";
import { origins } from "../../routes/origin.ts";
import { platformNames } from "../../routes/platform-names.ts";
import { platformRoutes } from "../../routes/platforms.ts";
import { admission } from "../../routes/pressure.ts";
import { revocationRoutes } from "../../routes/revocations.ts";
import { mountSocket, socketRoutes } from "../../routes/socket.ts";
import { streamSet } from "../../routes/stream-set.ts";
import { submission } from "../../routes/submit.ts";
import { tokenRoutes } from "../../routes/tokens.ts";
import type { Scope } from "../../src/apps/caller.ts";
import { SCOPES } from "../../src/apps/caller.ts";
import { keyCache } from "../../src/apps/key-cache.ts";
import { appRegistry } from "../../src/apps/registry.ts";
import { redisRevocations } from "../../src/apps/revocations.ts";
import { redisTickets } from "../../src/apps/tickets.ts";
import { readConfig } from "../../src/config.ts";
import { clients } from "../../src/delivery/clients.ts";
import { deliverer } from "../../src/delivery/deliver.ts";
import { eventTail } from "../../src/events/tail.ts";
import { awaitResult } from "../../src/events/wait.ts";
import { silentLog } from "../../src/log.ts";
import { openPorts, openStore } from "../../src/main-store.ts";
import { metrics } from "../../src/metrics.ts";
import type { Platform } from "../../src/platform.ts";
import { platforms } from "../../src/platforms/index.ts";
import { sendWorker } from "../../workers/send.ts";
import { sweep } from "../../workers/sweep.ts";
import { noEgress } from "../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../support/redis.ts";

const log = silentLog;

/** A network that lets nobody write to strangers. */
function shy([dummy]: readonly Platform[]): Platform {
  const refusal = {
    code: "recipient-not-reachable",
    detail: "Only to people who wrote to you.",
    pointer: "/target/0",
  } as const;
  return { ...(dummy as Platform), id: "shy", title: "Shy", refuse: () => refusal };
}

/**
 * A whole gateway in this process on a private Redis: the API on a random port and, unless `works` is false, a worker
 * of each platform.
 */
export async function gateway(env: Readonly<Record<string, string>> = {}, { works = true } = {}) {
  const server = await testRedis();
  const config = readConfig({ REDIS_URL: server.url, DATA_DIR: server.dir, ...env });
  const store = await openStore(config, true, log);
  const every = platforms({});
  const all = [...every, shy(every.filter(({ id }) => id === "dummy"))];
  const document = openapiDocument({ platforms: all, version: "0.0.0", basePath: config.basePath });
  const state = { draining: false };
  const api = await startApi(config, store, all, document, state);
  const worker = works ? startWorker(config, store, all) : undefined;
  return {
    ...api,
    redis: server as TestRedis,
    document,
    /** The schemas of the platforms' logins. */
    credentials: all.flatMap(({ credentials }) => (credentials ? [{ ...credentials.schema }] : [])),
    /** Another app's key, with all scopes unless said otherwise. */
    keyOf: async (name: string, scopes: readonly Scope[] = SCOPES) => (await api.registry.createApp(name, scopes)).key,
    /** As after SIGTERM: new work is refused. */
    drain: () => {
      state.draining = true;
      return api.streams.drain();
    },
    stop: async () => {
      await api.stop();
      await worker?.stop();
      await store.close();
      await server.stop();
    },
  };
}

type Config = ReturnType<typeof readConfig>;
type Store = Awaited<ReturnType<typeof openStore>>;

async function startApi(
  config: Config,
  store: Store,
  all: readonly Platform[],
  document: ReturnType<typeof openapiDocument>,
  state: { readonly draining: boolean },
) {
  const { redis, eventLog, outbox, lanes, accounts } = openPorts(config, store, "producer", log);
  const { basePath, trustProxy } = config;
  const { appendControl } = eventLog;
  const names = platformNames(all);
  const registry = appRegistry({ redis, keyring: store.ring, appendControl });
  const keys = keyCache({ find: registry.find, keyring: store.ring });
  const revocations = redisRevocations({ redis, appendControl });
  const tickets = redisTickets(redis);
  const road = way(trustProxy);
  const pages = origins({ allowedOrigins: [], publicUrl: "", way: road });
  const { canonical } = names;
  const countGuess = guesses(road.clientIp);
  const who = authenticate({ keys, revocations, tickets, origins: pages, countGuess, way: road, basePath, canonical });
  const connect = store.connections.blocking;
  const tail = eventTail({ connect, control: redis, log: eventLog, logger: log, kept: config.eventsKept });
  const streams = streamSet({ config });
  const draining = () => state.draining;
  const admit = admission({ rate: config.rate, redis: store.watch.pressure, draining });
  const intake = submission({ outbox, lanes, find: names.find, basePath, log, admit });
  const health = healthRoutes({ draining, redis: store.watch });
  const awaiting = (app: string, rid: string) => awaitResult(tail, app, rid);
  const activities = { who, submission: intake, outbox, lanes, awaitResult: awaiting };
  const app = createApp({
    basePath,
    trustProxy,
    cors: pages.cors,
    first: [activityRoutes(activities), eventRoutes({ who, tail, streams, config, canonical, log })],
    ordinary: [
      platformRoutes({ platforms: all }),
      openapiRoutes({ document }),
      tokenRoutes({ who, keys, tickets, platforms: names }),
      revocationRoutes({ who, revocations }),
      accountRoutes({ who, accounts, platforms: names }),
      socketRoutes(),
      metricsRoutes({ metrics: metrics("api") }),
    ],
    atRoot: [health],
    log,
  });
  const handle = (req: IncomingMessage, res: ServerResponse) => postActivities(activities, req, res);
  const http = createServer(hotPath({ path: `${basePath}/activities`, handle, otherwise: app, log }));
  mountSocket({ server: http, who, origins: pages, submission: intake, tail, streams, config, canonical, log });
  await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
  const broom = sweep({ outbox, lanes, log, everyMs: 100 });
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    registry,
    accounts,
    streams,
    client: redis,
    stop: async () => {
      await broom.stop();
      await streams.drain();
      streams.stop();
      http.closeAllConnections();
      await new Promise((done) => http.close(done));
      await tail.close();
      await lanes.close();
    },
  };
}

function startWorker(config: Config, store: Store, all: readonly Platform[]) {
  const { redis, outbox, lanes, accounts } = openPorts(config, store, "worker", log);
  const pool = clients({ accounts, egress: noEgress, log });
  const deliver = deliverer({ outbox, clients: pool, egress: noEgress, log });
  const workers = all.map((platform) => sendWorker({ redis, outbox, lanes, deliver, platform, concurrency: 10, log }));
  return {
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.close(1_000)));
      await pool.close();
      await lanes.close();
    },
  };
}
