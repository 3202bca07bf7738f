import { setTimeout as sleep } from "node:timers/promises";
import type { TestNetwork } from "../contracts/connections/test-network.ts";
import { type EventListener, eventListener, type HeardEvent } from "./event-listener.ts";
import { firstKey, type GatewayProcess, gatewayProcess } from "./gateway-process.ts";
import { testRedis } from "./redis.ts";
import { xmppNetwork } from "./xmpp-network.ts";

type SessionOrActivity = HeardEvent & {
  readonly state?: string;
  readonly actor?: { readonly address: string };
  readonly target?: ReadonlyArray<{ readonly address: string }>;
  readonly object?: { readonly body?: string };
  readonly self?: boolean;
};

/** Result of a run: messages in both directions as both ends recorded them. */
export interface ConnectionAudit {
  /** Messages of the peer by account, as sent and as logged, in order. */
  readonly peerSent: ReadonlyMap<string, readonly string[]>;
  readonly arrived: ReadonlyMap<string, readonly string[]>;
  readonly posted: readonly string[];
  /** Every result with its status. */
  readonly results: ReadonlyArray<readonly [rid: string, status: string]>;
  /** Sent messages that the peer did not receive exactly once. */
  readonly wrong: readonly string[];
}

/** Starts a gateway of real processes with accounts on a real XMPP server. Traffic runs in both directions. */
export async function connectionLoad(accounts: number, workers: number) {
  const [redis, network] = await Promise.all([testRedis(), xmppNetwork()]);
  const env = { REDIS_URL: redis.url, PLATFORMS: "xmpp", ALLOW_PRIVATE: "127.0.0.0/8", DRAIN_SECONDS: "10" };
  const settings = { dataDir: redis.dir, env };
  const api = await gatewayProcess({ role: "api", ...settings });
  const hands: GatewayProcess[] = [];
  for (let n = 0; n < workers; n++) hands.push(await gatewayProcess({ role: "worker", ...settings }));
  const key = await firstKey(redis.dir);
  const listener = await eventListener(api.base, key);
  const events = (): readonly SessionOrActivity[] => listener.events as readonly SessionOrActivity[];

  async function call(method: string, path: string, body: object): Promise<number> {
    const answer = await fetch(`${api.base}${path}`, {
      method,
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    await answer.text();
    return answer.status;
  }
  for (let n = 0; n < accounts; n++) {
    await call("PUT", "/accounts", { platform: "xmpp", ...network.account(n), online: true });
  }
  /** Counts accounts whose last state is `online`. */
  const online = (): number => {
    const last = new Map<string, string>();
    for (const { type, state, actor } of events()) if (type === "session") last.set(`${actor?.address}`, `${state}`);
    return [...last.values()].filter((state) => state === "online").length;
  };
  await listener.until(() => online() === accounts, 90_000);
  const talk = talking(network, accounts, async (rid, fields) => {
    const status = await call("POST", "/activities", { rid, platform: "xmpp", ...fields });
    return status === 202;
  });

  return {
    redis,
    network,
    api,
    workers: hands,
    listener,
    online,
    /** Resolves when so many more events were heard. */
    more: async (count: number) => {
      const goal = events().length + count;
      await listener.until(() => events().length >= goal, 60_000);
    },
    verdict: async (): Promise<ConnectionAudit> => {
      const { peerSent, posted } = await talk.stop();
      await settled(listener, events, { peerSent, posted });
      const results = resultsOf(events());
      const sent = results.flatMap(([rid, status]) => (status === "sent" ? [rid] : []));
      const wrong: string[] = [];
      for (const rid of sent) if ((await network.peerReceived(rid)) !== 1) wrong.push(rid);
      const arrived = new Map([...peerSent.keys()].map((address) => [address, bodiesFor(events(), address)]));
      return { peerSent, arrived, posted, results, wrong };
    },
    close: async () => {
      await talk.stop();
      listener.close();
      await Promise.all(hands.map((workerProcess) => workerProcess.stop()));
      await api.stop();
      await network.close();
      await redis.stop();
    },
  };
}

/** Both sides talk without a pause, conversation by conversation in order. */
function talking(
  network: TestNetwork,
  accounts: number,
  post: (rid: string, fields: ReturnType<TestNetwork["sendTo"]>) => Promise<boolean>,
) {
  let on = true;
  const peerSent = new Map<string, string[]>();
  const posted: string[] = [];
  const peer = (async () => {
    for (let n = 0; on; n++) {
      const { address } = network.account(n % accounts);
      const text = `in ${n}`;
      await network.peerSends(n % accounts, text);
      peerSent.set(address, [...(peerSent.get(address) ?? []), text]);
      await sleep(10);
    }
  })();
  const app = (async () => {
    for (let n = 0; on; n++) {
      const rid = `out-${n}`;
      if (await post(rid, network.sendTo(n % accounts, rid))) posted.push(rid);
      await sleep(20);
    }
  })();
  return {
    stop: async () => {
      on = false;
      await Promise.all([peer, app]);
      return { peerSent, posted };
    },
  };
}

async function settled(
  listener: EventListener,
  events: () => readonly SessionOrActivity[],
  {
    peerSent,
    posted,
  }: { readonly peerSent: ReadonlyMap<string, readonly string[]>; readonly posted: readonly string[] },
): Promise<void> {
  const lasts = [...peerSent].map(([address, texts]) => [address, texts.at(-1) as string] as const);
  // Missing events are reported by the audit.
  await listener
    .until(() => {
      const all = events();
      if (resultsOf(all).length < posted.length) return false;
      return lasts.every(([address, text]) => bodiesFor(all, address).includes(text));
    }, 90_000)
    .catch(() => undefined);
}

function resultsOf(all: readonly SessionOrActivity[]): Array<readonly [string, string]> {
  return all.flatMap(({ type, rid, status }) => (type === "result" ? [[String(rid), String(status)] as const] : []));
}

function bodiesFor(all: readonly SessionOrActivity[], address: string): string[] {
  return all.flatMap(({ type, object, target, self }) =>
    type === "activity" && self !== true && target?.[0]?.address === address && object?.body !== undefined
      ? [object.body]
      : [],
  );
}
