import { setTimeout as sleep } from "node:timers/promises";
import { createFirstApp } from "./apps/first-app.ts";
import type { Config } from "./config/settings.ts";
import { consoleSessions } from "./console/console-sessions.ts";
import { startAdmin } from "./main/admin.ts";
import { openStore, type Store } from "./main/storage.ts";
import type { Log } from "./model/log.ts";
import { metrics } from "./process/metrics.ts";
import { parentLink } from "./process/parent-link.ts";
import { type SupervisedWorker, superviseWorker } from "./process/supervisor.ts";
import { openTracing } from "./tracing/open-tracing.ts";

/** A gateway process that works. */
export interface Running {
  /** Address on which the API listens; undefined for a worker. */
  readonly address: string | undefined;
  /** The first app's key when it was made just now. */
  readonly firstKey: string | undefined;
  /** Sign-in link of the console, at the first start and for a terminal. */
  readonly signInLink: string | undefined;
  /**
   * Ends everything in order, within 29 s (promise "graceful"); safe to call twice. An API first leaves the proxies some time
   * to notice, unless `hurry` aborts.
   */
  readonly stop: (hurry?: AbortSignal) => Promise<void>;
}

export interface StartOptions {
  /** Of the product. */
  readonly version: string;
  /** Starts the worker process beside the API. */
  readonly entry: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Hides a secret from this process's log. */
  readonly hideSecret: (secret: string) => void;
  /** Whether a person sees the output, and may sign in at the console. */
  readonly isTerminal: boolean;
  /** Called when the process that forked this worker is gone. */
  readonly onOrphaned: () => void;
}

/** Puts the whole gateway together for one process: the only place that opens connections. */
export async function start(config: Config, role: Config["role"], log: Log, options: StartOptions): Promise<Running> {
  return role === "worker" ? runWorker(config, log, options) : runApi(config, role, log, options);
}

async function runWorker(
  config: Config,
  log: Log,
  { hideSecret, onOrphaned, version }: StartOptions,
): Promise<Running> {
  const counted = metrics("worker");
  const link = parentLink({ metrics: counted.snapshot, onGone: onOrphaned });
  // Each role loads only what it needs, while its Redis starts.
  const [store, { startWorker }, { choosePlatforms }] = await Promise.all([
    openStore(config, true, log, counted, hideSecret),
    import("./main/worker.ts"),
    import("./main/platforms.ts"),
  ]);
  const tracing = await openTracing(config, { role: "worker", version, log });
  const worker = await startWorker({ config, choose: choosePlatforms, store, metrics: counted, log, tracing });
  const draining = { on: false };
  const admin = await startAdmin({
    listenAt: config.adminListen,
    health: { draining: () => draining.on, redis: store.watch },
    counted: { metrics: counted },
    log,
  });
  log.info({}, "worker ready");
  link.ready();
  return {
    address: undefined,
    firstKey: undefined,
    signInLink: undefined,
    stop: once(async () => {
      draining.on = true;
      await worker.stop(config.drainSeconds * 1_000);
      await tracing?.close();
      await admin.close();
      await store.close();
    }),
  };
}

async function runApi(
  config: Config,
  role: "all" | "api",
  log: Log,
  { entry, env, hideSecret, isTerminal, version }: StartOptions,
): Promise<Running> {
  const counted = metrics("api");
  const store = await openStore(config, false, log, counted, hideSecret);
  const beside: SupervisedWorker | undefined =
    role === "all"
      ? superviseWorker({
          entry,
          args: ["serve", "--role", "worker"],
          env: { ...env, REDIS_URL: store.url, ADMIN_LISTEN: "" },
          log,
        })
      : undefined;
  // The API's modules load while the worker starts on another core; what is accepted before the worker is ready waits.
  const [{ startApi }, { choosePlatforms }] = await Promise.all([
    import("./main/api.ts"),
    import("./main/platforms.ts"),
  ]);
  const tracing = await openTracing(config, { role: "api", version, log });
  let firstKey: string | undefined;
  const api = await startApi({
    config,
    version,
    choose: choosePlatforms,
    store,
    metrics: counted,
    worker: beside,
    log,
    tracing,
    beforeListening: async (registry) => {
      firstKey = await createFirstApp({ registry, dataDir: config.dataDir });
    },
  });
  log.info({ address: api.address, role }, "gateway ready");
  return {
    address: api.address,
    firstKey,
    signInLink: firstKey !== undefined || isTerminal ? await signInLink(config, store) : undefined,
    stop: once(async (hurry) => {
      api.leave();
      await sleep(config.graceSeconds * 1_000, undefined, { signal: hurry }).catch(() => undefined);
      const drainMs = Math.min(config.drainSeconds, LONGEST_STOP_SECONDS - config.graceSeconds) * 1_000;
      await Promise.all([api.stop(drainMs), beside?.stop(drainMs + 1_000)]);
      await tracing?.close();
      await store.close();
    }),
  };
}

/** Makes a sign-in link of the console for the person who starts the gateway. */
async function signInLink({ console: isEnabled, consoleHours }: Config, { connections }: Store) {
  if (!isEnabled) return undefined;
  const sessions = consoleSessions({ redis: connections.producer(), hours: consoleHours });
  return sessions.issueLink({ name: "starter", role: "admin" });
}

/** Longest grace and drain together. Leaves room for the rest below the 30 s of the promise "graceful". */
const LONGEST_STOP_SECONDS = 27;

function once(deed: (hurry?: AbortSignal) => Promise<void>): (hurry?: AbortSignal) => Promise<void> {
  let done: Promise<void> | undefined;
  return (hurry) => {
    done ??= deed(hurry);
    return done;
  };
}
