import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../../support/docs-samples.ts";
import { freePort, listening } from "../../../support/free-port.ts";
import { type ProxyTarget, proxyRequest } from "../../../support/proxy-client.ts";
import { shell } from "../../../support/shell.ts";
import {
  type Behind,
  edgeOf,
  handshakesAreRefused,
  post,
  quietStreamsLive,
  siteIsUnchanged,
  socketsPass,
  streamsPass,
} from "../contract.ts";
import { upgraded } from "./live.ts";

const page = readFileSync(join(ROOT, "docs/proxies-others.md"), "utf8");
const HOST = "shop.example";
const PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin`;

/** The only block of this language on the page, with this machine's ports. */
function block(language: string, { gateway, site }: Behind): string {
  const text = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? "";
  expect(text).not.toBe("");
  const portOf = (address: string) => address.split(":")[1] ?? "";
  return text
    .replaceAll("127.0.0.1:8000", gateway)
    .replaceAll("127.0.0.1:8080", site)
    .replace('.port = "8000"', `.port = "${portOf(gateway)}"`)
    .replace('.port = "8080"', `.port = "${portOf(site)}"`);
}

async function started(command: (dir: string, port: number) => Promise<readonly [string, ...string[]]>) {
  const dir = await mkdtemp(join(tmpdir(), "dgm-others-"));
  const port = await freePort();
  const server = shell(await command(dir, port), { cwd: dir, env: { PATH, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir } });
  await listening(port);
  const stop = async () => {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  };
  return { port, host: HOST, checked: "", stop };
}

const caddy = (behind: Behind) =>
  started(async (dir, port) => {
    const text = block("caddyfile", behind).replace(`${HOST} {`, `http://${HOST}:${port} {\n\tbind 127.0.0.1`);
    await writeFile(join(dir, "Caddyfile"), `{\n\tadmin off\n\tauto_https off\n}\n${text}`);
    return ["caddy", "run", "--config", join(dir, "Caddyfile"), "--adapter", "caddyfile"];
  });

const varnish = (behind: Behind) =>
  started(async (dir, port) => {
    await mkdir(join(dir, "work"));
    await writeFile(join(dir, "site.vcl"), block("vcl", behind));
    const files = ["-f", join(dir, "site.vcl"), "-n", join(dir, "work")];
    return ["varnishd", "-F", "-a", `127.0.0.1:${port}`, ...files, "-j", "none", "-T", "none", "-s", "malloc,8m"];
  });

/** Addresses, private answers and metrics are kept as behind the shipped files. */
function rulesHold(edge: () => ProxyTarget): void {
  it("believes no forged address, and caches no private answer", async () => {
    const rid = await post(edge());
    const path = `/gateway/activities/${rid}`;
    expect((await proxyRequest(edge(), path)).status).toBe(200);
    expect((await proxyRequest(edge(), path, { headers: { Authorization: "" } })).status).toBe(401);
    const statuses: number[] = [];
    for (let n = 0; n < 21; n++) {
      const headers = {
        Authorization: `Bearer dgm_wrong_${n}`,
        "X-Forwarded-For": `203.0.113.${n}`,
        "X-Real-IP": `203.0.113.${n}`,
      };
      statuses.push((await proxyRequest(edge(), "/gateway/activities/none", { from: "127.0.0.2", headers })).status);
    }
    expect(statuses).toEqual([...Array<number>(20).fill(401), 429]);
    expect((await proxyRequest(edge(), "/gateway/activities/a%2Fb")).headers["content-type"]).toBe(
      "application/problem+json",
    );
    expect((await proxyRequest(edge(), "/gateway/metrics")).status).toBe(404);
    for (const upgrade of ["h2c", "websocket, h2c"])
      expect(await upgraded({ port: edge().port, host: HOST }, upgrade)).not.toMatch(/^HTTP\/1\.1 101/);
  });
}

describe("Caddy as on the page", () => {
  const { edge } = edgeOf(caddy);
  streamsPass(edge);
  quietStreamsLive(edge);
  socketsPass(edge);
  handshakesAreRefused(edge);
  siteIsUnchanged(edge);
  rulesHold(edge);
});

describe("Varnish as on the page", () => {
  const { edge } = edgeOf(varnish);
  streamsPass(edge);
  quietStreamsLive(edge);
  siteIsUnchanged(edge);
  rulesHold(edge);

  it("hands no socket on", async () => {
    const headers = {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    expect((await proxyRequest(edge(), "/gateway/socket", { headers })).status).not.toBe(101);
  });
});
