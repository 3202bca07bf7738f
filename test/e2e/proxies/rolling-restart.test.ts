import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { nginxNodes } from "../../../src/cli/proxy-files.ts";
import { repetitions } from "../../support/extent.ts";
import { createApp, firstKey, type GatewayProcess, gatewayProcess } from "../../support/gateway-process.ts";
import { testHaproxy } from "../../support/haproxy.ts";
import { type LoadClient, loadClient, postUntilAnswered } from "../../support/load-client.ts";
import { testNginx } from "../../support/nginx.ts";
import { testRedis } from "../../support/redis.ts";
import { type SseClients, sseClients } from "../../support/sse-clients.ts";
import { webSocketClients } from "../../support/websocket-clients.ts";

const APPS = 10;
const LANES = 10;
const STREAMS = repetitions({ few: 100, long: 500 });
const SOCKETS = repetitions({ few: 30, long: 100 });
/** Each lane posts once a second: 100 POST/s. */
const EVERY_MS = 1_000;
/** Promise "graceful". */
const LONGEST_STOP_MS = 30_000;

const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Proxies with per-address limits raised, since all clients of this test share one address. */
const fronts = {
  nginx: (nodes: readonly string[]) =>
    testNginx({
      layout: "site",
      connections: 4_096,
      variables: {
        GATEWAY_ADDR: nginxNodes(nodes, "gateway"),
        GATEWAY_RATE: "100000r/s",
        GATEWAY_BURST: "10000",
        GATEWAY_CONNS: "4096",
      },
    }),
  HAProxy: ([first = "", second = ""]: readonly string[]) =>
    testHaproxy("uri", {
      GATEWAY_ADDR: first,
      GATEWAY_ADDR_2: second,
      GATEWAY_CONNS: "4096",
      HAPROXY_MAXCONN: "4096",
    }),
};

/** Starts two nodes on one Redis, each with a worker. */
async function twoNodes() {
  const dataDir = await mkdtemp(join(tmpdir(), "dgm-rolling-"));
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  const redis = await testRedis();
  closers.push(() => redis.stop());
  const env = { REDIS_URL: redis.url, SANDBOX: "off", GRACE_SECONDS: "5" };
  const nodes: GatewayProcess[] = [];
  for (let n = 0; n < 2; n++) {
    const node = await gatewayProcess({ role: "all", dataDir, env });
    nodes.push(node);
    closers.push(() => node.kill());
  }
  const keys = [await firstKey(dataDir)];
  while (keys.length < APPS) keys.push(createApp(`app${keys.length}`, dataDir, redis.url));
  return { nodes, keys };
}

function loads(base: string, keys: readonly string[]): readonly LoadClient[] {
  const lanes = Array.from({ length: LANES }, (_, n) => `l${n}`);
  return keys.map((key, n) => {
    const load = loadClient({ base, app: `a${n}`, key, lanes, everyMs: EVERY_MS, activity });
    closers.push(() => load.stop());
    return load;
  });
}

function activity(lane: string, n: number): Record<string, unknown> {
  return { platform: "dummy", verb: "echo", actor: { address: "bob" }, target: [{ address: lane }], object: { n } };
}

/** Some seconds of load that all listeners follow. */
function aWhile(crowd: SseClients): Promise<void> {
  const enough = crowd.received() + STREAMS * 20;
  return crowd.until(() => crowd.received() >= enough, 30_000);
}

test.each(["nginx", "HAProxy"] as const)(
  "a rolling restart of two nodes behind %s under load fails no POST and loses or doubles no event",
  {
    timeout: 180_000,
  },
  async (name) => {
    const { nodes, keys } = await twoNodes();
    const front = await fronts[name](nodes.map(({ base }) => new URL(base).host));
    closers.push(front.stop);
    const base = `http://127.0.0.1:${front.port}/gateway`;
    const crowd = await sseClients({
      port: front.port,
      keys: Array.from({ length: STREAMS }, (_, n) => keys[n % keys.length] as string),
    });
    closers.push(crowd.close);
    const sockets = await webSocketClients({
      port: front.port,
      keys: Array.from({ length: SOCKETS }, (_, n) => keys[n % keys.length] as string),
    });
    closers.push(sockets.close);
    const clients = loads(base, keys);
    await aWhile(crowd);
    for (const node of nodes) {
      const signalledAt = Date.now();
      await node.stop();
      expect(Date.now() - signalledAt).toBeLessThan(LONGEST_STOP_MS);
      await node.start();
    }
    await aWhile(crowd);
    await Promise.all(clients.map((client) => client.stop()));

    // One more activity of each app; by order, all events of the load have arrived before it.
    await Promise.all(
      keys.map((key, n) => postUntilAnswered({ base, key }, { rid: `a${n}-last`, ...activity("l0", 0) })),
    );
    for (const { members, until } of [crowd, sockets])
      await until(() => members.every(({ rids }) => rids.some((rid) => rid.endsWith("-last"))), 30_000);
    const tries = clients.flatMap((client) => client.attempts);
    const statuses = [...new Set(tries.map(({ status }) => status))];
    const slowest = Math.max(...tries.map(({ ms }) => ms));
    console.log(
      `Rolling restart behind ${name}: ${tries.length} POSTs (${statuses}), slowest ${slowest} ms; ` +
        `${STREAMS} streams came back ${crowd.opened() - STREAMS} times, ${crowd.received()} events; ` +
        `${SOCKETS} sockets ${sockets.opened() - SOCKETS} times, ${sockets.refused()} handshakes refused`,
    );
    expect(statuses).toEqual([202]);
    expect([...crowd.faults, ...sockets.faults]).toEqual([]);
    expect(crowd.opened()).toBeGreaterThan(STREAMS);
    expect(sockets.opened()).toBeGreaterThan(SOCKETS);
    for (const { key, ids, rids } of [...crowd.members, ...sockets.members]) {
      const app = keys.indexOf(key);
      const posted = clients[app]?.posted.map(({ rid }) => rid) ?? [];
      expect(new Set(ids).size).toBe(ids.length);
      expect([...rids].sort()).toEqual([...posted, `a${app}-last`].sort());
    }
  },
);
