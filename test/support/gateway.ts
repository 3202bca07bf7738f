import { openapiDocument } from "../../openapi/document.ts";
import { redisAccounts } from "../../src/accounts/redis-accounts.ts";
import { readConfig } from "../../src/config/settings.ts";
import { startApi } from "../../src/main/api.ts";
import { openStore } from "../../src/main/storage.ts";
import { startWorker } from "../../src/main/worker.ts";
import { SCOPES, type Scope } from "../../src/model/caller.ts";
import { type Log, silentLog } from "../../src/model/log.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { Providers } from "../../src/platforms/email/client/providers.ts";
import { platforms } from "../../src/platforms/index.ts";
import { metrics } from "../../src/process/metrics.ts";
import { testRedis } from "./redis.ts";

const VERSION = "0.0.0";

/** Platform whose network refuses messages to strangers. */
function shy([dummy]: readonly Platform[]): Platform {
  const refusal = {
    code: "recipient-not-reachable",
    detail: "Only to people who wrote to you.",
    pointer: "/target/0",
  } as const;
  return { ...(dummy as Platform), id: "shy", title: "Shy", validate: () => refusal };
}

/**
 * Starts a whole gateway in this process on a private Redis. The API has a random port; unless `works` is false, each
 * platform has a worker. `shy` is an extra platform. There is no sandbox mailbox; `relay` is an SMTP URL.
 */
export async function gateway(
  env: Readonly<Record<string, string>> = {},
  {
    works = true,
    relay,
    mailProviders,
    feedInterval = { minMs: 50, maxMs: 100 },
    log = silentLog,
  }: {
    readonly works?: boolean;
    readonly relay?: string;
    readonly mailProviders?: Providers;
    /** Poll interval of feeds in ms. */
    readonly feedInterval?: { readonly minMs: number; readonly maxMs: number };
    readonly log?: Log;
  } = {},
) {
  const redis = await testRedis();
  const config = readConfig({ REDIS_URL: redis.url, DATA_DIR: redis.dir, PORT: "0", SANDBOX: "off", ...env });
  const x = { xApi: config.xApiUrl, xPollInterval: { minMs: 50, maxMs: 100 } };
  const meta = { facebookApi: config.facebookApiUrl, telegramApi: config.telegramApiUrl };
  const mail = {
    ...(relay === undefined ? {} : { relay: { url: relay } }),
    ...(mailProviders === undefined ? {} : { mailProviders }),
  };
  const every = platforms({ ...x, ...meta, feedInterval, ...mail });
  const all = [...every, shy(every.filter(({ id }) => id === "dummy"))];
  const choose = () => all;
  const store = await openStore(config, true, log);
  const api = await startApi({
    config,
    version: VERSION,
    choose,
    store,
    metrics: metrics("api"),
    worker: undefined,
    log,
  });
  const workers: Array<Awaited<ReturnType<typeof startWorker>>> = [];
  const work = async () => {
    workers.push(await startWorker({ config, choose, store, metrics: metrics("worker"), log }));
  };
  const rest = async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop(1_000)));
  };
  if (works) await work();
  const client = redis.connect();
  return {
    url: api.address,
    /** Port that takes mail, with SMTP_LISTEN. */
    submissionPort: api.submissionPort,
    registry: api.registry,
    redis,
    client,
    accounts: redisAccounts({ redis: client, keyring: store.ring }),
    document: openapiDocument({ platforms: all, version: VERSION, basePath: config.basePath }),
    /** The schemas of the platforms' logins. */
    credentials: all.flatMap(({ credentials }) => (credentials ? [{ ...credentials.schema }] : [])),
    /** Another app's key, with all scopes unless said otherwise. */
    keyOf: async (name: string, scopes: readonly Scope[] = SCOPES) => (await api.registry.createApp(name, scopes)).key,
    /** As after SIGTERM: new work is refused. */
    drain: api.drain,
    /** Starts a worker more. */
    work,
    /** Ends all workers. */
    rest,
    stop: async () => {
      await api.stop(0);
      await rest();
      await store.close();
      await redis.stop();
    },
  };
}
