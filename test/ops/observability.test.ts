import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { metrics } from "../../src/process/metrics.ts";
import { ROOT } from "../support/docs-samples.ts";

const run = promisify(execFile);
const FOLDER = join(ROOT, "ops/observability");

interface Dashboard {
  readonly panels: ReadonlyArray<{ readonly targets?: ReadonlyArray<{ readonly expr: string }> }>;
}
interface QueryAnswer {
  readonly status: string;
  readonly error?: string;
}
interface RulesAnswer {
  readonly data: { readonly groups: ReadonlyArray<{ readonly rules: ReadonlyArray<{ readonly health: string }> }> };
}

/** Queries of the dashboard, with the variables that Grafana would fill in. */
async function dashboardQueries(): Promise<readonly string[]> {
  const dashboard = JSON.parse(await readFile(join(FOLDER, "dashboard.json"), "utf8")) as Dashboard;
  const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  return queries.map((query) => query.replaceAll("$__rate_interval", "1m"));
}

/** Serves the metrics of an API and its worker, as a gateway's metrics route does. */
async function scrapedGateway(): Promise<string> {
  const api = metrics("api");
  api.accepted.inc({ platform: "email" });
  api.redisUp.set(1);
  const server = createServer(async (_req, res) => {
    res.setHeader("Content-Type", api.contentType).end(await api.text([await metrics("worker").snapshot()]));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Starts Debian's Prometheus with the shipped rules; resolves with its address. */
async function prometheus(target: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-prometheus-"));
  const shipped = await readFile(join(FOLDER, "prometheus.yml"), "utf8");
  const config = shipped
    .replace(/127\.0\.0\.1:\d+/, target)
    .replace("15s", "1s")
    .replace("alerts.yml", join(FOLDER, "alerts.yml"));
  await writeFile(join(dir, "prometheus.yml"), config);
  const options = [
    `--config.file=${dir}/prometheus.yml`,
    `--storage.tsdb.path=${dir}/data`,
    "--web.listen-address=127.0.0.1:0",
    "--log.format=json",
  ];
  const child = spawn("prometheus", options, { stdio: ["ignore", "ignore", "pipe"] });
  onTestFinished(async () => {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
    await rm(dir, { recursive: true, force: true });
  });
  let log = "";
  return new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error(`Prometheus ended: ${log}`)));
    child.once("error", reject);
    child.stderr.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      const address = /"address":"(127\.0\.0\.1:[1-9]\d*)"/.exec(log);
      if (address !== null) resolve(`http://${address[1]}/api/v1`);
    });
  });
}

describe("the alert rules and the dashboard", () => {
  it("name metrics that the gateway has, and only those", async () => {
    const names = (await metrics("api").snapshot()).map(({ name }) => name);
    const rules = await readFile(join(FOLDER, "alerts.yml"), "utf8");
    const used = [...(await dashboardQueries()), rules].flatMap((text) => text.match(/dragoman_[a-z_]+[a-z]/g) ?? []);
    expect(used.length).toBeGreaterThan(30);
    expect(used.filter((name) => !names.includes(name.replace(/_bucket$/, "")))).toEqual([]);
  });

  it("are loaded by Prometheus, which evaluates every rule and every query", { timeout: 60_000 }, async () => {
    const api = await prometheus(await scrapedGateway());
    const ask = async <Answer>(path: string) => (await (await fetch(`${api}/${path}`)).json()) as Answer;
    await vi.waitFor(
      async () => {
        const up = await ask<{ data: { result: unknown[] } }>("query?query=dragoman_redis_up%20%3D%3D%201");
        expect(up.data.result).toHaveLength(1);
      },
      { timeout: 45_000, interval: 200 },
    );
    for (const query of await dashboardQueries()) {
      const answer = await ask<QueryAnswer>(`query?query=${encodeURIComponent(query)}`);
      expect(answer.status, `${query}: ${answer.error}`).toBe("success");
    }
    const { data } = await ask<RulesAnswer>("rules");
    const health = data.groups.flatMap(({ rules }) => rules.map((rule) => rule.health));
    expect(health).toHaveLength(12);
    expect(health).not.toContain("err");
  });

  it("fire on the trouble that they name, and not without it", async () => {
    const commands = `
promtool check rules alerts.yml
promtool test rules alerts.test.yml`;
    const { stdout } = await run("bash", ["-ec", commands], { cwd: FOLDER });
    expect(stdout).toContain("12 rules found");
  });
});

describe("the metrics", () => {
  it("pass promtool's check", async () => {
    const api = metrics("api");
    api.accepted.inc({ platform: "email" });
    api.acceptSeconds.observe(0.1);
    const check = promisify(execFile)("promtool", ["check", "metrics"]);
    check.child.stdin?.end(await api.text([await metrics("worker").snapshot()]));
    expect((await check).stderr).toBe("");
  });
});
