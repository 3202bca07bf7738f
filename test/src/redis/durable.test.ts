import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLog } from "../../../src/model/log.ts";
import { redisConnections } from "../../../src/redis/connect.ts";
import { durabilityBarrier, NotDurable } from "../../../src/redis/durable.ts";
import { watchServer } from "../../../src/redis/server-watch.ts";
import { type RedisProcess, redisProcess, until } from "../../support/redis-process.ts";

let master: RedisProcess;
let replica: RedisProcess;
const closers: Array<() => Promise<unknown>> = [];

beforeAll(async () => {
  master = await redisProcess(["--repl-diskless-sync-delay", "0"]);
  replica = await redisProcess(["--replicaof", "127.0.0.1", String(master.port)]);
  const writer = master.client();
  await until(async () => {
    await writer.incr("warm-up");
    return (await writer.call("WAIT", "1", "100")) === 1;
  });
});
afterAll(async () => {
  await Promise.all(closers.map((close) => close()));
  await Promise.all([master.stop(), replica.stop()]);
});

async function barrier(replicas: number, waitMs = 300) {
  const connections = redisConnections(`redis://127.0.0.1:${master.port}`, { log: silentLog });
  closers.push(connections.close);
  const client = connections.barrier(waitMs + 1_000);
  await connections.ready(5_000);
  return durabilityBarrier({ client, replicas: () => replicas, waitMs });
}

test("withReplication > confirms only replicated writes", async () => {
  const { withReplication } = await barrier(1);
  const writer = master.client();
  for (let i = 0; i < 50; i++) {
    expect(await withReplication("{dgm0}", () => writer.set("a", String(i)))).toBe("OK");
    expect(await replica.client().get("a")).toBe(String(i));
  }
});

test("withReplication > lets simultaneous callers share rounds", async () => {
  const { withReplication } = await barrier(1);
  const writer = master.client();
  await withReplication("{dgm0}", () => writer.set("b", "0"));
  const before = Number(await writer.get("{dgm}:barrier"));
  await Promise.all(
    Array.from({ length: 200 }, (_, i) => withReplication(`{dgm${i % 16}}`, () => writer.set(`b${i}`, "1"))),
  );
  const rounds = Number(await writer.get("{dgm}:barrier")) - before;
  expect(rounds).toBeLessThanOrEqual(20);
  expect(await replica.client().get("b199")).toBe("1");
});

test("withReplication > refuses while the replica is frozen, and confirms again afterwards", async () => {
  const { withReplication } = await barrier(1);
  const writer = master.client();
  await withReplication("{dgm0}", () => writer.set("c", "0"));
  replica.signal("SIGSTOP");
  try {
    await expect(withReplication("{dgm0}", () => writer.set("c", "1"))).rejects.toThrow(NotDurable);
  } finally {
    replica.signal("SIGCONT");
  }
  await until(async () => (await withReplication("{dgm0}", () => writer.set("c", "2"))) === "OK");
});

test("withReplication > does not confirm a write whose master was replaced meanwhile", async () => {
  const { withReplication } = await barrier(1);
  const writer = master.client();
  await withReplication("{dgm0}", () => writer.set("d", "0"));
  const changed = withReplication("{dgm0}", async () => {
    await writer.set("d", "1");
    // A failover is detected by another replication id.
    await writer.call("REPLICAOF", "127.0.0.1", "1");
    await writer.call("REPLICAOF", "NO", "ONE");
    await until(async () => (await writer.call("WAIT", "1", "100")) === 1);
  });
  await expect(changed).rejects.toThrow(/master changed/);
  expect(await withReplication("{dgm0}", () => writer.set("d", "2"))).toBe("OK");
});

test("withReplication > does not wait without replicas", async () => {
  const { withReplication } = await barrier(0);
  const before = await master.client().get("{dgm}:barrier");
  expect(await withReplication("{dgm0}", async () => "done")).toBe("done");
  expect(await master.client().get("{dgm}:barrier")).toBe(before);
});

test("watchServer > requires a replica from the first one seen, also after it is gone", async () => {
  const watch = watchServer({
    client: master.client(),
    log: silentLog,
    requiredReplicas: "auto",
    replicated: false,
    everyMs: 20,
  });
  expect(watch.replicas()).toBe(0);
  await watch.check();
  expect(watch.replicas()).toBe(1);
  replica.signal("SIGKILL");
  await replica.ended;
  await until(() => watch.facts()?.replicas === 0);
  expect(watch.replicas()).toBe(1);
  watch.close();
});
