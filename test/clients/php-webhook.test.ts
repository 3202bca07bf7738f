import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { ROOT } from "../support/docs-samples.ts";
import { freePort, listening } from "../support/free-port.ts";
import { firstKey, type GatewayProcess, gatewayProcess } from "../support/gateway-process.ts";
import { type Shell, shell } from "../support/shell.ts";

const SECRET = `whsec_${Buffer.alloc(24, "s").toString("base64")}`;
const SCRIPT = join(ROOT, "examples/php/webhook.php");

let dir: string;
let gateway: GatewayProcess;
let php: Shell;
let url: string;
let key: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dgm-php-hook-"));
  await writeFile(join(dir, "events"), "");
  const env = { PLATFORMS: "+dummy", ALLOW_PRIVATE: "127.0.0.0/8" };
  gateway = await gatewayProcess({ role: "all", dataDir: join(dir, "data"), env });
  key = await firstKey(join(dir, "data"));
  const port = await freePort();
  url = `http://127.0.0.1:${port}/hook`;
  php = shell(["php", "-d", "display_errors=1", "-d", "error_reporting=-1", "-S", `127.0.0.1:${port}`, SCRIPT], {
    cwd: dir,
    env: { DRAGOMAN_WEBHOOK_SECRET: SECRET, DRAGOMAN_EVENTS: join(dir, "events") },
  });
  await listening(port);
});
afterAll(async () => {
  await php?.stop();
  await gateway?.stop();
  await rm(dir, { recursive: true, force: true });
});

/** Events that the script stored: id and event of each line. */
async function storedEvents() {
  const lines = (await readFile(join(dir, "events"), "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const cut = line.indexOf(" ");
    const event = JSON.parse(line.slice(cut)) as { readonly type: string; readonly rid?: string };
    return { id: line.slice(0, cut), ...event };
  });
}

function ask(method: string, path: string, content: unknown): Promise<Response> {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  return fetch(`${gateway.base}${path}`, { method, headers, body: JSON.stringify(content) });
}

/** POST as the gateway makes it, signed with this secret at this time. */
async function push(body: string, { id = "evt_ours", secret = SECRET, at = new Date(), sent = body } = {}) {
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
    "webhook-signature": new Webhook(secret).sign(id, at, body),
    "Content-Type": "application/json",
  };
  const { status } = await fetch(url, { method: "POST", headers, body: sent });
  return status;
}

it("accepts the gateway's deliveries, each event once", async () => {
  const hook = await ask("PUT", "/hooks/shop", { url, secret: SECRET, types: ["result"] });
  expect(hook.status, await hook.text()).toBe(201);
  const rids = ["h-1", "h-2", "h-3"];
  for (const rid of rids) {
    const activity = { platform: "dummy", verb: "send", actor: { address: "a" }, target: { address: "b" } };
    expect((await ask("POST", "/activities", { ...activity, rid, object: { body: "Hi" } })).status).toBe(202);
  }
  await vi.waitFor(async () => expect((await storedEvents()).length).toBe(3), { timeout: 20_000, interval: 50 });
  expect((await storedEvents()).map(({ rid }) => rid)).toEqual(rids);
  // All again, under the same ids: taken, and not written down again.
  expect((await ask("POST", "/hooks/shop/replay", { after: "earliest" })).ok).toBe(true);
  await vi.waitFor(
    async () => {
      const answer = await fetch(`${gateway.base}/hooks/shop/deliveries?limit=100`, {
        headers: { Authorization: `Bearer ${key}` },
      });
      const text = await answer.text();
      expect(text.match(/"status":204/g)?.length, text).toBe(6);
    },
    { timeout: 20_000, interval: 50 },
  );
  expect((await storedEvents()).map(({ rid }) => rid)).toEqual(rids);
  expect(php.output()).not.toMatch(/Warning|Notice|Deprecated|Fatal/);
});

it("refuses forged, changed, old and future requests", async () => {
  const before = (await storedEvents()).length;
  const body = '{"type":"result","rid":"forged"}';
  const minutes = (count: number) => new Date(Date.now() + count * 60_000);
  const other = `whsec_${Buffer.alloc(24, "t").toString("base64")}`;
  expect(await push(body, { secret: other })).toBe(401);
  expect(await push(body, { sent: `${body} ` })).toBe(401);
  expect(await push(body, { at: minutes(-6) })).toBe(401);
  expect(await push(body, { at: minutes(6) })).toBe(401);
  expect((await fetch(url, { method: "POST", body })).status).toBe(401);
  expect((await storedEvents()).length).toBe(before);
  expect(await push('{"type":"result","rid":"Grüße"}', { at: minutes(-4) })).toBe(204);
  expect((await storedEvents()).at(-1)).toEqual({ id: "evt_ours", type: "result", rid: "Grüße" });
});

it("uses the syntax of PHP 5.6 only", async () => {
  const check = shell(["php", join(ROOT, "test/support/php-newer-than-56.php"), SCRIPT], { cwd: dir });
  expect(await check.ended).toBe(0);
  expect(check.output()).toBe("");
});
