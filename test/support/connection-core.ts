import { join } from "node:path";
import { accountOwnership } from "../../src/accounts/account-ownership.ts";
import { redisAccounts } from "../../src/accounts/redis-accounts.ts";
import { keyring } from "../../src/crypto/keyring.ts";
import { ClientCache } from "../../src/delivery/client-cache.ts";
import { CrashIsolation } from "../../src/delivery/crash-isolation.ts";
import { deliverer } from "../../src/delivery/deliver.ts";
import { desiredOnlineSetter } from "../../src/delivery/desired-online.ts";
import { suppressedTargets } from "../../src/delivery/suppressed-targets.ts";
import { deliveryReceipts } from "../../src/inbound/delivery-receipts.ts";
import { inboundRecorder } from "../../src/inbound/record-inbound.ts";
import { accountId } from "../../src/model/account-id.ts";
import { laneOf } from "../../src/model/lane.ts";
import { silentLog } from "../../src/model/log.ts";
import { shardOf } from "../../src/model/shard.ts";
import { laneQueues } from "../../src/outbox/lane-queues.ts";
import { readySignal } from "../../src/outbox/ready-signal.ts";
import { redisOutbox } from "../../src/outbox/redis-outbox.ts";
import { needsConnection } from "../../src/platform/platform.ts";
import { keys } from "../../src/redis/keys.ts";
import { redisSuppressions } from "../../src/suppressions/redis-suppressions.ts";
import { connectionWorker } from "../../workers/connections.ts";
import { sendWorker } from "../../workers/send.ts";
import { sweep } from "../../workers/sweep.ts";
import type { TestAccount, TestNetwork } from "../contracts/connections/test-network.ts";
import { activityOf, entryOf } from "./gateway-core.ts";
import { loopbackEgress } from "./loopback-egress.ts";
import type { TestRedis } from "./redis.ts";
import { watchEvent, watchResult } from "./vocabulary-watch.ts";

/** Event of the app's log in the form that tests inspect. */
export type LoggedEvent = Record<string, unknown> & {
  readonly type: string;
  readonly state?: string;
  readonly status?: string;
  readonly rid?: string;
  readonly platform: string;
  readonly verb: string;
  readonly actor: { readonly address: string };
  readonly object?: Record<string, unknown>;
};

const EVENTS_KEPT = 100_000;

/** Holds activities and results to the vocabulary, as every test that reads them does. */
function watched(event: LoggedEvent): LoggedEvent {
  if (event.type === "activity") watchEvent(event);
  if (event.type === "result") watchResult(event);
  return event;
}

/** The core for held platforms without HTTP, in this process; shards change hands fast. */
export async function connectionCore(server: TestRedis, { platform }: Pick<TestNetwork, "platform">) {
  const redis = server.connect();
  const ring = await keyring({ path: join(server.dir, "master.key"), opens: true });
  const accounts = redisAccounts({ redis, keyring: ring });
  const outbox = redisOutbox({ redis, quota: 10_000, eventsKept: EVENTS_KEPT, retentionSeconds: 3_600 });
  const lanes = laneQueues({ redis, log: silentLog });
  const sweeper = sweep({ outbox, lanes, log: silentLog, everyMs: 100, idleMs: 100 });
  const egress = loopbackEgress();
  const workers = new Set<{ readonly close: (ms: number) => Promise<void> }>();

  /** Starts a worker with separate Redis connections, which a test can cut. */
  function startWorker() {
    const own = server.connect();
    const ports = {
      accounts: redisAccounts({ redis: own, keyring: ring }),
      outbox: redisOutbox({ redis: own, quota: 10_000, eventsKept: EVENTS_KEPT, retentionSeconds: 3_600 }),
      lanes: laneQueues({ redis: own, log: silentLog }),
      ready: readySignal({ redis: server.connect(), log: silentLog }),
    };
    const isolation = new CrashIsolation({ outbox: ports.outbox, log: silentLog });
    const suppressions = redisSuppressions({ redis: own });
    const markSuppressed = suppressedTargets(suppressions);
    const worker = connectionWorker({
      redis: own,
      lanes: ports.lanes,
      ready: ports.ready,
      delivering: {
        outbox: ports.outbox,
        isolation,
        egress,
        log: silentLog,
        setDesiredOnline: desiredOnlineSetter(ports),
        random: () => 0,
      },
      ownership: accountOwnership({ redis: own, keyring: ring, eventsKept: EVENTS_KEPT }),
      accounts: ports.accounts,
      record: inboundRecorder({ redis: own, eventsKept: EVENTS_KEPT }),
      recordReceipt: deliveryReceipts({ redis: own, eventsKept: EVENTS_KEPT, suppressions }),
      egress,
      find: (id) => (id === platform.id ? platform : undefined),
      concurrency: 50,
      log: silentLog,
      everyMs: 300,
    });
    // Verbs that need no account connection are run by any worker.
    const pool = new ClientCache({ accounts: ports.accounts, egress, log: silentLog });
    const sender =
      platform.createClient &&
      sendWorker({
        redis: own,
        ...ports,
        deliver: deliverer({
          ...ports,
          isolation,
          clients: pool,
          egress,
          log: silentLog,
          random: () => 0,
          markSuppressed,
        }),
        queue: platform.id,
        find: (id) => (id === platform.id ? platform : undefined),
        concurrency: 10,
        log: silentLog,
      });
    const running = {
      size: worker.size,
      redis: own,
      close: async (ms: number) => {
        workers.delete(running);
        await Promise.all([worker.close(ms), sender?.close(ms)]);
        await pool.close();
        await ports.lanes.close();
      },
    };
    workers.add(running);
    return running;
  }

  async function events(app: string): Promise<LoggedEvent[]> {
    const entries = await redis.xrange(keys.log(app), "-", "+");
    return entries.flatMap(([, fields]) => (fields[0] === "e" ? [JSON.parse(fields[1] as string) as LoggedEvent] : []));
  }

  /** Resolves with all events, earlier ones included, once they match. */
  async function until(
    app: string,
    fits: (all: readonly LoggedEvent[]) => boolean,
    ms = 30_000,
  ): Promise<LoggedEvent[]> {
    const reader = server.connect();
    const ends = Date.now() + ms;
    const seen: LoggedEvent[] = [];
    try {
      for (let last = "0-0"; ; ) {
        const block = Math.max(1, ends - Date.now());
        const answer = await reader.xread("BLOCK", block, "STREAMS", keys.log(app), last);
        for (const [id, fields] of answer?.[0]?.[1] ?? []) {
          last = id;
          if (fields[0] === "e") seen.push(watched(JSON.parse(fields[1] as string) as LoggedEvent));
        }
        if (fits(seen)) return seen;
        if (Date.now() > ends)
          throw new Error(`what was awaited did not come; last came ${JSON.stringify(seen.slice(-9))}`);
      }
    } finally {
      reader.disconnect();
    }
  }

  return {
    redis,
    accounts,
    startWorker,
    events,
    until,
    put: async (app: string, account: TestAccount, online = true) => {
      const { account: stored } = await accounts.put(app, { platform: platform.id, ...account, online });
      await lanes.notifyAccountChanged(app, stored.id);
      return stored.id;
    },
    remove: async (app: string, id: string) => {
      await accounts.remove(app, id);
      await lanes.notifyAccountChanged(app, id);
    },
    /** Accepts and wakes, as the API does; answers the rid. */
    post: async (app: string, overrides: Partial<Parameters<typeof activityOf>[0]>) => {
      const activity = activityOf({ platform: platform.id, ...overrides });
      const shard = shardOf(app, accountId(platform.id, activity.actor.address));
      const lane = laneOf(app, activity, needsConnection(platform, activity.verb) ? shard : undefined);
      const answer = await outbox.accept(entryOf(app, activity, { lane }));
      if ("wake" in answer && answer.wake) await lanes.wake(answer.wake);
      return activity.rid;
    },
    /** Resolves with the result of an rid. */
    result: async (app: string, rid: string, ms?: number) =>
      (await until(app, (all) => all.some((event) => event.type === "result" && event.rid === rid), ms)).find(
        (event) => event.type === "result" && event.rid === rid,
      ) as LoggedEvent,
    close: async () => {
      await sweeper.stop();
      await Promise.all([...workers].map((worker) => worker.close(500)));
      await lanes.close();
      await egress.close();
    },
  };
}
