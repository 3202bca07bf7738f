import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { metrics } from "../../src/process/metrics.ts";
import { ROOT } from "../support/docs-samples.ts";
import { firstKey, type GatewayProcess, gatewayProcess } from "../support/gateway-process.ts";
import { openSocket } from "../support/proxy-client.ts";

let dir: string;
let gateway: GatewayProcess;
let key: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dgm-metrics-"));
  gateway = await gatewayProcess({ role: "all", dataDir: dir, env: { PLATFORMS: "+dummy" } });
  key = await firstKey(dir);
});
afterAll(async () => {
  await gateway?.stop();
  await rm(dir, { recursive: true, force: true });
});

const scraped = async () => (await fetch(`${gateway.base}/metrics`)).text();

function post(more: Record<string, unknown>, authorization = `Bearer ${key}`): Promise<Response> {
  const activity = { platform: "dummy", verb: "echo", actor: { address: "a" }, target: { address: "b" }, object: {} };
  return fetch(`${gateway.base}/activities`, {
    method: "POST",
    headers: { Authorization: authorization, "Content-Type": "application/json" },
    body: JSON.stringify({ ...activity, ...more }),
  });
}

test("docs/operate.md lists every metric, and its alerts use listed metrics only", async () => {
  const page = await readFile(join(ROOT, "docs/operate.md"), "utf8");
  const [, table = ""] = page.split(/^## Metrics$/m);
  const listed = [
    ...table
      .split(/^## /m, 1)
      .join("")
      .matchAll(/^\| `([a-z_]+)` \|/gm),
  ].map(([, name]) => `dragoman_${name}`);
  const names = (await metrics("api").snapshot())
    .map(({ name }) => name)
    .filter((name) => name.startsWith("dragoman_"));
  expect(listed.sort()).toEqual(names.sort());
  const used = [...page.matchAll(/dragoman_[a-z_]+[a-z]/g)].map(([name]) => name.replace(/_bucket$/, ""));
  expect(used.filter((name) => !names.includes(name))).toEqual([]);
});

test("refusals are counted by code on every route", async () => {
  expect((await post({}, "Bearer wrong")).status).toBe(401);
  expect((await post({ target: {} })).status).toBe(422);
  expect((await fetch(`${gateway.base}/nothing`)).status).toBe(404);
  const { port, hostname, host } = new URL(gateway.base);
  await expect(openSocket({ port: Number(port), host, key: "wrong" }, "/gateway/socket")).rejects.toThrow("401");
  await new Promise<void>((resolve) => {
    const raw = connect(Number(port), hostname, () => raw.write("nonsense\r\n\r\n"));
    raw.resume().on("close", () => resolve());
  });
  const text = await scraped();
  for (const [code, count] of [
    ["unauthenticated", 2],
    ["validation-failed", 1],
    ["not-found", 1],
    ["malformed-request", 1],
  ])
    expect(text).toContain(`dragoman_requests_refused_total{code="${code}",role="api"} ${count}\n`);
});

test("waiting and running work is counted", async () => {
  expect((await post({ rid: "slow", verb: "delay", object: { ms: 3_000 } })).status).toBe(202);
  const says = (outstanding: number, lanes: number) =>
    vi.waitFor(
      async () => {
        const text = await scraped();
        for (const role of ["api", "worker"])
          expect(text).toContain(`dragoman_outstanding{role="${role}"} ${outstanding}\n`);
        expect(text).toContain(`dragoman_lanes_active{platform="dummy",role="worker"} ${lanes}\n`);
      },
      { timeout: 60_000, interval: 50 },
    );
  await says(1, 1);
  await says(0, 0);
  expect(await scraped()).toContain('dragoman_results_total{platform="dummy",status="sent",role="worker"} 1\n');
});
