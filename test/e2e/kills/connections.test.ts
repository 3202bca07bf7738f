import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { TestNetwork } from "../../contracts/connections/test-network.ts";
import { type EventListener, eventListener, type HeardEvent } from "../../support/event-listener.ts";
import { repetitions } from "../../support/extent.ts";
import { firstKey, type GatewayProcess, gatewayProcess } from "../../support/gateway-process.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { xmppNetwork } from "../../support/xmpp-network.ts";

const ACCOUNTS = repetitions({ few: 60, long: 200 });
const KILLS = repetitions({ few: 1, long: 3 });

type SessionOrActivity = HeardEvent & {
  readonly state?: string;
  readonly actor?: { readonly address: string };
  readonly target?: ReadonlyArray<{ readonly address: string }>;
  readonly object?: { readonly body?: string };
  readonly self?: boolean;
};

let redis: TestRedis;
let network: TestNetwork;
let api: GatewayProcess;
let worker: GatewayProcess;
let key: string;
let listener: EventListener;

beforeAll(async () => {
  [redis, network] = await Promise.all([testRedis(), xmppNetwork()]);
  const shared = { REDIS_URL: redis.url, PLATFORMS: "xmpp", ALLOW_PRIVATE: "127.0.0.0/8" };
  api = await gatewayProcess({ role: "api", dataDir: redis.dir, env: shared });
  worker = await gatewayProcess({ role: "worker", dataDir: redis.dir, env: shared });
  key = await firstKey(redis.dir);
  listener = await eventListener(api.base, key);
});
afterAll(async () => {
  listener?.close();
  await worker?.stop();
  await api?.stop();
  await network?.close();
  await redis?.stop();
});

async function call(method: string, path: string, body: object): Promise<number> {
  const answer = await fetch(`${api.base}${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  await answer.text();
  return answer.status;
}
const events = (): readonly SessionOrActivity[] => listener.events as readonly SessionOrActivity[];
const onlines = (since = 0) =>
  new Set(
    events().flatMap(({ type, state, at, actor }) =>
      type === "session" && state === "online" && at >= since ? [actor?.address] : [],
    ),
  );

/**
 * Sends messages in both directions without pause, in order per conversation. Finishes started messages when stopped.
 */
function talk() {
  let talking = true;
  const peerSent = new Map<number, string[]>();
  const posted: string[] = [];
  const peer = (async () => {
    for (let n = 0; talking; n++) {
      const account = n % ACCOUNTS;
      const text = `in ${account} ${n}`;
      await network.peerSends(account, text);
      peerSent.set(account, [...(peerSent.get(account) ?? []), text]);
      await sleep(4);
    }
  })();
  const app = (async () => {
    for (let n = 0; talking; n++) {
      const rid = `out-${n}`;
      const status = await call("POST", "/activities", { rid, platform: "xmpp", ...network.sendTo(n % ACCOUNTS, rid) });
      if (status === 202) posted.push(rid);
      await sleep(8);
    }
  })();
  return {
    peerSent,
    posted,
    stop: async () => {
      talking = false;
      await Promise.all([peer, app]);
    },
  };
}

it(`${ACCOUNTS} accounts reconnect after each kill -9 of their worker without loss, duplicates or disorder`, async () => {
  for (let n = 0; n < ACCOUNTS; n++) {
    expect(await call("PUT", "/accounts", { platform: "xmpp", ...network.account(n), online: true })).toBe(201);
  }
  await listener
    .until(() => onlines().size === ACCOUNTS, 60_000)
    .catch((error: unknown) => {
      throw new Error(
        `${onlines().size} of ${ACCOUNTS} are online; ${JSON.stringify(events().at(-1))}; ${worker.lastWords()}`,
        { cause: error },
      );
    });
  const talking = talk();
  /** Milliseconds from the kill, by Redis' clock: the first reconnect, and the last account online. */
  const times: string[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const count = events().length;
    await listener.until(() => events().length > count + 200, 30_000);
    const [seconds = "0"] = await redis.connect().time();
    const killedAt = Number(seconds) * 1_000;
    await worker.kill();
    await worker.start();
    await listener.until(() => onlines(killedAt).size === ACCOUNTS, 60_000);
    const after = (state: string) =>
      events().flatMap(({ type, state: now, at }) =>
        type === "session" && now === state && at > killedAt ? [at - killedAt] : [],
      );
    times.push(`${Math.min(...after("connecting"))} to ${Math.max(...after("online"))}`);
  }
  await talking.stop();
  const results = () => events().filter(({ type }) => type === "result");
  await listener.until(() => new Set(results().map(({ rid }) => rid)).size >= talking.posted.length, 90_000);
  const last = [...talking.peerSent.values()].flat();
  await listener.until(() => arrivedBodies().length >= last.length, 60_000);

  for (const [account, texts] of talking.peerSent) {
    const { address } = network.account(account);
    expect(arrivedBodies(address)).toEqual(texts);
  }
  const outcomes = results().map(({ rid, status }) => [rid, status]);
  expect(outcomes.map(([rid]) => rid).sort()).toEqual([...talking.posted].sort());
  const sent = outcomes.filter(([, status]) => status === "sent").map(([rid]) => String(rid));
  for (const rid of sent) expect(await network.peerReceived(rid), rid).toBe(1);
  const unsure = outcomes.filter(([, status]) => status !== "sent");
  console.log(
    `held: ${KILLS} kills, ${last.length} in, ${talking.posted.length} out (${unsure.length} not sent: ${JSON.stringify(unsure.slice(0, 5))}), back after ${times.join(", ")} ms`,
  );
  expect(unsure.filter(([, status]) => status !== "unknown")).toEqual([]);
}, 300_000);

/** Received messages in the order of the log. */
function arrivedBodies(address?: string): string[] {
  return events().flatMap(({ type, object, target, self }) => {
    const matches = address === undefined || target?.[0]?.address === address;
    return type === "activity" && self !== true && matches && object?.body !== undefined ? [object.body] : [];
  });
}
