import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { firstKey, gatewayProcess } from "../support/gateway-process.ts";
import { openStream, proxyRequest } from "../support/proxy-client.ts";
import { until } from "../support/redis-process.ts";

const GRACE_SECONDS = 20;

const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

test("a gateway told to stop reports that at /readyz, serves until the grace ends or a second signal, then says goodbye", {
  timeout: 60_000,
}, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "dgm-leaving-"));
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  const env = { GRACE_SECONDS: String(GRACE_SECONDS), SANDBOX: "off" };
  const gateway = await gatewayProcess({ role: "all", dataDir, env });
  closers.push(() => gateway.kill());
  const { host, port } = new URL(gateway.base);
  const edge = { port: Number(port), host, key: await firstKey(dataDir) };
  const early = await openStream(edge, "/gateway/events");
  await early.until(() => early.events.length > 0);

  const signalledAt = Date.now();
  process.kill(gateway.pid(), "SIGTERM");
  await until(async () => (await proxyRequest(edge, "/readyz")).status === 503);
  expect(JSON.parse((await proxyRequest(edge, "/readyz")).text)).toMatchObject({ status: "draining" });
  const activity = { rid: "late", platform: "dummy", verb: "echo", actor: { address: "bob" }, object: {} };
  const posted = await proxyRequest(edge, "/gateway/activities", {
    method: "POST",
    body: JSON.stringify({ ...activity, target: { address: "foo" } }),
  });
  expect(posted.status).toBe(202);
  await early.result("late");
  const late = await openStream(edge, "/gateway/events");
  await late.until(() => late.events.length > 0);

  process.kill(gateway.pid(), "SIGTERM");
  for (const response of [early, late]) {
    await response.until(() => response.events.some(({ event }) => event === "goodbye"));
    expect(JSON.parse(response.events.at(-1)?.data ?? "")).toEqual({ reason: "drain", reconnect: true });
  }
  await gateway.stop();
  expect(Date.now() - signalledAt).toBeLessThan(GRACE_SECONDS * 1_000);
});
