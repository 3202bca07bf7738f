import { join } from "node:path";
import { Cluster } from "ioredis";
import { redisAccounts } from "../accounts/redis-accounts.ts";
import { appRegistry } from "../apps/redis-registry.ts";
import { type Config, readConfig } from "../config/settings.ts";
import { adminTokens } from "../console/admin-tokens.ts";
import { auditLog } from "../console/audit-log.ts";
import { consoleSessions } from "../console/console-sessions.ts";
import { type Keyring, keyring } from "../crypto/keyring.ts";
import { checkKeyring } from "../crypto/keyring-check.ts";
import { addressCheck } from "../egress/address-rules.ts";
import { redisEventLog } from "../event-log/redis-event-log.ts";
import { redisWebhookEndpoints } from "../inbound/webhook-endpoints.ts";
import { choosePlatforms, SANDBOX_ELSEWHERE } from "../main/platforms.ts";
import type { Log } from "../model/log.ts";
import { DataCopyError } from "../operations/data-copy.ts";
import { deleteApp } from "../operations/delete-app.ts";
import { submitActivity } from "../operations/submit-activity.ts";
import { redisDeadLetters } from "../outbox/dead-letters.ts";
import { redisHistory } from "../outbox/history.ts";
import { laneQueues } from "../outbox/lane-queues.ts";
import { redisOutbox } from "../outbox/redis-outbox.ts";
import { platformRegistry } from "../platform/platform-registry.ts";
import { redisTopics } from "../polling/redis-topics.ts";
import { pinoLog } from "../process/logger.ts";
import { redaction } from "../process/redaction.ts";
import type { RedisClient, RedisConnections } from "../redis/connect.ts";
import { withFrozenLog } from "../redis/frozen-log.ts";
import { openRedis } from "../redis/open.ts";
import { appShareOf, serverFacts } from "../redis/server-facts.ts";
import { isSandboxEnabled } from "../sandbox/sandbox-enabled.ts";
import { eventTail } from "../streaming/tail.ts";
import { redisSuppressions } from "../suppressions/redis-suppressions.ts";
import { redisWebhooks } from "../webhooks/redis-webhooks.ts";
import type { AccountTestTools } from "./account-test.ts";
import type { AccountTools } from "./accounts.ts";
import type { ActivityTools } from "./activities.ts";
import type { AdminTokenTools } from "./admin-tokens.ts";
import type { AppTools } from "./apps.ts";
import type { BackupDeps, BackupTools } from "./backup.ts";
import type { ConsoleTools } from "./console.ts";
import type { DeadLetterTools } from "./dead-letters.ts";
import { keyFileOf, requireInstallation } from "./installation.ts";
import type { KeyTools } from "./keys.ts";
import type { SendTools } from "./send.ts";
import type { SuppressionTools } from "./suppressions.ts";
import type { TailTools } from "./tail.ts";

const READY_MS = 10_000;

/** A log for commands: warnings only, unless LOG_LEVEL asks for more. */
export function commandLog(config: Pick<Config, "logLevel">): Log {
  const level = config.logLevel === "info" ? "warn" : config.logLevel;
  return pinoLog({ level, role: "command", redaction: redaction() });
}

/** Opens what `dragoman app …` works on. Starts the private Redis for the while when no gateway runs it. */
export async function openAppTools(): Promise<AppTools> {
  const config = readConfig();
  const { redis, ring, close } = await openStore(config, false);
  const events = redisEventLog({ redis, eventsKept: config.eventsKept });
  const registry = appRegistry({ redis, keyring: ring, appendControl: events.appendControl });
  const lanes = laneQueues({ redis, log: commandLog(config) });
  const accounts = redisAccounts({ redis, keyring: ring });
  const webhooks = redisWebhooks({ redis, keyring: ring, eventLog: events });
  const deletion = { redis, registry, accounts, webhooks, topics: redisTopics({ redis }), lanes };
  return {
    registry,
    deleteApp: (nameOrId) => deleteApp(deletion, nameOrId),
    close: async () => {
      await lanes.close();
      await close();
    },
  };
}

/** Opens what `dragoman key …` works on, with the private halves. */
export async function openKeyTools(): Promise<KeyTools> {
  const { redis, ring, close } = await openStore(readConfig(), true);
  return { redis, keyring: ring, close };
}

/** Opens the stores of `dragoman account …`. */
export async function openAccountTools(): Promise<AccountTools> {
  const config = readConfig();
  const log = commandLog(config);
  const { redis, ring, close } = await openStore(config, false);
  const events = redisEventLog({ redis, eventsKept: config.eventsKept });
  const maxBytes = appShareOf(await serverFacts(redis));
  const lanes = laneQueues({ redis, log });
  const notices: Promise<void>[] = [];
  return {
    registry: appRegistry({ redis, keyring: ring, appendControl: events.appendControl }),
    accounts: redisAccounts({ redis, keyring: ring, maxBytes: () => maxBytes }),
    endpoints: redisWebhookEndpoints({ redis, keyring: ring }),
    platforms: platformRegistry(choosePlatforms(config, isSandboxEnabled(config) ? SANDBOX_ELSEWHERE : undefined)),
    lanes: {
      notifyAccountChanged: (app, account) => {
        const notice = lanes.notifyAccountChanged(app, account);
        notices.push(notice);
        return notice;
      },
    },
    log,
    close: async () => {
      // The caller does not wait for them, and logs a failure.
      await Promise.allSettled(notices);
      await lanes.close();
      await close();
    },
  };
}

/** Opens the stores of `dragoman account test|activities|dead-letters|send|suppressions|tail`. Activities are submitted as by the API. */
export async function openActivityTools(): Promise<
  AccountTestTools & ActivityTools & DeadLetterTools & SendTools & SuppressionTools & TailTools
> {
  const config = readConfig();
  const log = commandLog(config);
  const { redis, ring, connections, close } = await openStore(config, false);
  const { quota, eventsKept, basePath, history: maxHistory } = config;
  const retentionSeconds = config.retentionHours * 3_600;
  const events = redisEventLog({ redis, eventsKept });
  const maxBytes = appShareOf(await serverFacts(redis));
  const outbox = redisOutbox({ redis, quota, maxBytes: () => maxBytes, eventsKept, maxHistory, retentionSeconds });
  const lanes = laneQueues({ redis, log });
  const enabled = choosePlatforms(config, isSandboxEnabled(config) ? SANDBOX_ELSEWHERE : undefined);
  const names = platformRegistry(enabled);
  const mayReach = addressCheck(config.allowPrivate);
  const admit = async () => undefined;
  const tail = eventTail({ connect: connections.blocking, control: redis, log: events, logger: log, kept: eventsKept });
  return {
    registry: appRegistry({ redis, keyring: ring, appendControl: events.appendControl }),
    history: maxHistory === 0 ? undefined : redisHistory({ redis, maxEntries: maxHistory, retentionSeconds }),
    canonicalId: names.canonicalId,
    platforms: names,
    accounts: redisAccounts({ redis, keyring: ring }),
    enabled,
    suppressions: redisSuppressions({ redis }),
    deadLetters: redisDeadLetters({ redis, retentionSeconds }),
    outbox,
    lanes,
    submit: submitActivity({ outbox, lanes, find: names.find, basePath, log, admit, mayReach }),
    tail,
    close: async () => {
      await tail.close();
      await lanes.close();
      await close();
    },
  };
}

/** Returns the places that `dragoman backup` and `restore` work on. Throws `DataCopyError` without a private Redis. */
export function dataPlaces(): ReturnType<BackupDeps["places"]> {
  const config = readConfig();
  if (config.redisUrl !== "") {
    throw new DataCopyError("REDIS_URL names a Redis that the gateway does not run; copy its data on its machine.");
  }
  return { keyFile: keyFileOf(config), redisFolder: join(config.dataDir, "redis") };
}

/** Opens what `dragoman backup` works on. Starts the private Redis for the while when no gateway runs it. */
export async function openBackupTools(): Promise<BackupTools> {
  const { redis, close } = await openStore(readConfig(), false);
  // Without REDIS_URL it is one server, see `dataPlaces`.
  if (redis instanceof Cluster) throw new DataCopyError("A Redis Cluster is copied on its machines.");
  return { withDataFiles: (copy) => withFrozenLog(redis, copy), close };
}

/** Opens what `dragoman console` and `dragoman admin-token` work on. */
export async function openConsoleTools(): Promise<ConsoleTools & AdminTokenTools> {
  const config = readConfig();
  const { redis, close } = await openStore(config, false);
  return {
    sessions: consoleSessions({ redis, hours: config.consoleHours }),
    tokens: adminTokens({ redis }),
    audit: auditLog({ redis }),
    base: gatewayAddress(config),
    isEnabled: config.console,
    close,
  };
}

/** Returns the gateway's address with its base path. PUBLIC_URL wins over HOST and PORT. */
function gatewayAddress({ publicUrl, host, port, basePath }: Config): string {
  const name = /^(0\.0\.0\.0|::|unix:.*)$/.test(host) ? "127.0.0.1" : host;
  const own = `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
  return (publicUrl === "" ? own : publicUrl.replace(/(?<!\/)\/+$/, "")) + basePath;
}

async function openStore(
  config: Config,
  opens: boolean,
): Promise<{ redis: RedisClient; ring: Keyring; connections: RedisConnections; close: () => Promise<void> }> {
  requireInstallation(config);
  const opened = await openRedis(config, commandLog(config));
  try {
    const redis = opened.connections.producer();
    await opened.connections.ready(READY_MS);
    const ring = await keyring({ path: keyFileOf(config), opens });
    await checkKeyring(redis, ring);
    return { redis, ring, connections: opened.connections, close: opened.close };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
