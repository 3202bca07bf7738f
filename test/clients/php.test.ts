import { createHmac } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../support/docs-samples.ts";
import { freePort } from "../support/free-port.ts";
import { firstKey, type GatewayProcess, gatewayProcess } from "../support/gateway-process.ts";
import { type Shell, shell } from "../support/shell.ts";

type Json = Record<string, unknown>;
interface Outcome {
  readonly value?: Json & Json[];
  readonly events?: readonly Json[];
  readonly thrown?: string;
  readonly [name: string]: unknown;
}

let dir: string;
let gateway: GatewayProcess;
let key: string;
const servers: Server[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dgm-php-"));
  gateway = await gatewayProcess({ role: "all", dataDir: join(dir, "data") });
  key = await firstKey(join(dir, "data"));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
afterAll(async () => {
  await gateway?.stop();
  await rm(dir, { recursive: true, force: true });
});

const activity = (body: string, more: Json = {}): Json => ({
  platform: "dummy",
  verb: "send",
  actor: { address: "shop" },
  target: { address: "bob" },
  object: { body },
  ...more,
});

interface CallSettings {
  readonly url?: string;
  readonly key?: string;
  readonly options?: Json;
  /** The rid at whose event the handler throws. */
  readonly failsAt?: string;
}

function start(method: string, args: readonly unknown[], settings: CallSettings = {}): Shell {
  return shell(["php", join(ROOT, "test/clients/php-calls.php"), method, JSON.stringify(args)], {
    cwd: dir,
    env: {
      DRAGOMAN_URL: settings.url ?? gateway.base,
      DRAGOMAN_KEY: settings.key ?? key,
      DRAGOMAN_OPTIONS: JSON.stringify(settings.options ?? {}),
      DRAGOMAN_FAILS_AT: settings.failsAt ?? "-",
    },
  });
}

async function outcome(run: Shell): Promise<Outcome> {
  const code = await run.ended;
  if (code !== 0) throw new Error(run.output());
  return JSON.parse(run.output()) as Outcome;
}

const call = (method: string, args: readonly unknown[], settings: CallSettings = {}) =>
  outcome(start(method, args, settings));

/** Starts a server in place of the gateway. Resolves with its address and the received requests. */
async function standIn(answer: (req: IncomingMessage, res: ServerResponse, nth: number) => void) {
  const bodies: string[] = [];
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    bodies.push(Buffer.concat(chunks).toString());
    answer(req, res, bodies.length);
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/gateway`, bodies };
}

const confirm = (body: string) => {
  const { rid } = JSON.parse(body) as { rid: string };
  return JSON.stringify({ type: "confirm", verb: "confirm", rid, id: "1", status: "queued", href: "/x" });
};
const overloaded = JSON.stringify({ code: "overloaded", title: "Busy", status: 503, detail: "Come back." });

async function eventsOf(rid: string): Promise<readonly Json[]> {
  const response = await fetch(`${gateway.base}/events?after=earliest&rid=${rid}`, {
    headers: { Authorization: `Bearer ${key}`, Accept: "application/json" },
  });
  return ((await response.json()) as { events: Json[] }).events;
}

it("The PHP client uses only functions of PHP 5.6 and lints without a message", async () => {
  const file = join(ROOT, "clients/php/Dragoman.php");
  const check = shell(["php", join(ROOT, "test/support/php-newer-than-56.php"), file], { cwd: dir });
  expect(await check.ended).toBe(0);
  expect(check.output()).toBe("");
  const lint = shell(["php", "-d", "error_reporting=-1", "-d", "display_errors=1", "-l", file], { cwd: dir });
  expect(await lint.ended).toBe(0);
  expect(lint.output()).not.toMatch(/warning|deprecated|notice/i);
});

describe.each(["curl", "streams"])("The PHP client by %s", (transport) => {
  const by = (settings: CallSettings = {}): CallSettings => ({
    ...settings,
    options: { transport, ...settings.options },
  });

  it("sends, and creates a rid where none is given", async () => {
    const own = await call("send", [activity("one")], by());
    expect(own.value).toMatchObject({ type: "confirm", status: "queued", rid: expect.stringMatching(/^php-/) });
    const rid = `given-${transport}`;
    expect((await call("send", [activity("two", { rid })], by())).value).toMatchObject({ type: "confirm", rid });
  });

  it("waits for the outcome and reports the status afterwards", async () => {
    const { value } = await call("wait", [activity("wait", { rid: `wait-${transport}` })], by());
    expect(value).toMatchObject({ type: "result", status: "sent", rid: `wait-${transport}` });
    const { value: standing } = await call("status", [`wait-${transport}`], by());
    expect(standing).toMatchObject({ status: "sent", result: { type: "result" } });
    expect((await call("status", ["never/heard of"], by())).value).toBeNull();
  });

  it("cancels scheduled activities, and reports a cancel that is too late", async () => {
    const rid = `later-${transport}`;
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    expect((await call("wait", [activity("later", { rid, options: { sendAt } }), 1], by())).value).toMatchObject({
      type: "confirm",
      status: "scheduled",
    });
    expect((await call("cancel", [rid], by())).value).toMatchObject({ rid, status: "cancelled" });
    expect(await call("cancel", [`wait-${transport}`], by())).toMatchObject({ code: "too-late", status: 409 });
  });

  it("sends many activities independently, also more than one POST can carry", async () => {
    const many = Object.fromEntries(Array.from({ length: 205 }, (_, i) => [`n${i}`, activity(String(i))]));
    const wrong = { platform: "pigeon", verb: "send", rid: `pigeon-${transport}` };
    const large = activity("x".repeat(70_000));
    const { value } = await call("sendMany", [{ ...many, wrong, large, last: activity("last") }], by());
    const answers = value as unknown as Record<string, Json>;
    expect(Object.keys(answers)).toEqual([...Object.keys(many), "wrong", "large", "last"]);
    expect(answers.wrong).toMatchObject({ type: "refused", problem: { code: "platform-unknown" } });
    expect(answers.large).toMatchObject({ type: "refused", problem: { code: "payload-too-large" } });
    const rids = [...Object.keys(many), "last"].map((name) => {
      expect(answers[name]).toMatchObject({ type: "confirm" });
      return answers[name]?.rid;
    });
    expect(new Set(rids).size).toBe(206);
    expect((await call("sendMany", [[]], by())).value).toEqual([]);
  });

  it("fetches events after a cursor and by a filter", async () => {
    const { value: end } = await call("events", [], by());
    expect(end).toMatchObject({ events: [], gap: null, cursor: expect.any(String) });
    const rid = `seen-${transport}`;
    await call("wait", [activity("seen", { rid })], by());
    const { value } = await call("events", [end?.cursor, 10, { rid: [rid, "other"], type: "result" }], by());
    expect(value?.events).toMatchObject([{ type: "result", rid, cursor: expect.any(String) }]);
    const lost = await call("events", ["nonsense", 0], by());
    expect(lost.value?.gap).toMatchObject({ latest: expect.any(String) });
  });

  it("throws refusals with code and pointer", async () => {
    const refused = await call("send", [activity("x", { rid: "bad", target: { address: "" } })], by());
    expect(refused).toMatchObject({
      thrown: "DragomanError",
      code: "validation-failed",
      pointer: "/target/address",
      status: 422,
      rid: "bad",
      tries: 1,
    });
    const key = "dgm_no_key_atall";
    expect(await call("send", [activity("x")], by({ key }))).toMatchObject({ code: "unauthenticated", status: 401 });
    expect(await call("sendMany", [[activity("x")]], by({ key }))).toMatchObject({ code: "unauthenticated" });
    expect(await call("send", [{ rid: "\u0000" }], by())).toMatchObject({ code: "validation-failed" });
  });

  it("retries a 503 after Retry-After with the same bytes", async () => {
    let first = 0;
    let waited = 0;
    const there = await standIn((_req, res, nth) => {
      if (nth === 1) {
        first = performance.now();
        res.writeHead(503, { "Retry-After": "2", "Content-Type": "application/problem+json" }).end(overloaded);
        return;
      }
      waited = performance.now() - first;
      res.writeHead(202).end(confirm(there.bodies[1] ?? ""));
    });
    const { value } = await call("send", [activity("again")], by({ url: there.url }));
    expect(value).toMatchObject({ type: "confirm" });
    expect(there.bodies[1]).toBe(there.bodies[0]);
    expect(waited).toBeGreaterThanOrEqual(1_900);
  });

  it("gives up after the time limit and names the rid to send again", async () => {
    const there = await standIn((_req, res) => res.writeHead(503, { "Retry-After": "60" }).end(overloaded));
    const late = await call("send", [activity("x", { rid: "mine" })], by({ url: there.url }));
    expect(late).toMatchObject({ thrown: "DragomanUnavailable", code: "overloaded", retryAfter: 60, rid: "mine" });
    expect(there.bodies.length).toBe(1);
    const many = await call("sendMany", [{ a: activity("x", { rid: "mine" }) }], {
      ...by({ url: there.url, options: { patience: 0 } }),
    });
    expect(many.value).toMatchObject({ a: { type: "unavailable", rid: "mine", problem: { code: "overloaded" } } });
    const nobody = `http://127.0.0.1:${await freePort()}/gateway`;
    const none = await call("send", [activity("x")], by({ url: nobody, options: { patience: 1 } }));
    expect(none).toMatchObject({ thrown: "DragomanUnavailable", code: "no-answer", status: 0 });
    expect(none.rid).toMatch(/^php-/);
    expect(none.tries).toBeGreaterThan(1);
  });

  it("rejects truncated and foreign answers", async () => {
    const there = await standIn((req, res, nth) => {
      if (nth === 1) req.socket.destroy();
      else if (nth === 2) res.writeHead(202, { "Content-Length": "500" }).write("{", () => req.socket.destroy());
      else if (nth === 3) res.writeHead(200, { "Content-Type": "text/html" }).end("<h1>Welcome</h1>");
      else res.writeHead(202).end(confirm(there.bodies[3] ?? ""));
    });
    const { value } = await call("send", [activity("again")], by({ url: there.url }));
    expect(value).toMatchObject({ type: "confirm" });
    expect(new Set(there.bodies).size).toBe(1);
    const site = await standIn((_req, res) => res.writeHead(404).end("<h1>Not Found</h1>"));
    expect(await call("send", [activity("x")], by({ url: site.url }))).toMatchObject({ code: "not-the-gateway" });
  });

  it("times out on a silent server", async () => {
    const mute = createTcpServer(() => undefined);
    servers.push(mute);
    const held = new Set<{ destroy: () => void }>();
    mute.on("connection", (socket) => held.add(socket));
    await new Promise<void>((done) => mute.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${(mute.address() as AddressInfo).port}/gateway`;
    const options = { timeout: 0.3, patience: 0 };
    expect(await call("send", [activity("x")], by({ url, options }))).toMatchObject({ thrown: "DragomanUnavailable" });
    for (const socket of held) socket.destroy();
  });

  it("sends once across a restart of the gateway", { timeout: 90_000 }, async () => {
    const rid = `restart-${transport}`;
    const slow = activity("", { rid, verb: "delay", object: { ms: 2_000 } });
    const run = start("wait", [slow, 60], by({ options: { patience: 40 } }));
    while ((await call("status", [rid], by())).value === null);
    await gateway.kill();
    await gateway.start();
    const { value } = await outcome(run);
    expect(value).toMatchObject({ type: "result", rid });
    expect((await eventsOf(rid)).filter(({ type }) => type === "result").length).toBe(1);
  });

  it("sends once when the gateway is unreachable at first", { timeout: 60_000 }, async () => {
    await gateway.kill();
    const rid = `away-${transport}`;
    const run = start("wait", [activity("away", { rid })], by({ options: { patience: 40 } }));
    await gateway.start();
    expect((await outcome(run)).value).toMatchObject({ type: "result", status: "sent", rid });
    expect((await eventsOf(rid)).filter(({ type }) => type === "result").length).toBe(1);
  });
});

describe("The PHP client", () => {
  it("follows events with a cursor in a file, each once, and repeats an event whose handler failed", async () => {
    const file = join(dir, "cursor");
    const follow = (failsAt?: string) =>
      call("follow", [file, 5, { type: "result" }], failsAt === undefined ? {} : { failsAt });
    expect(await follow()).toMatchObject({ value: 0, events: [] });
    await call("wait", [activity("a", { rid: "f-1" })]);
    await call("wait", [activity("b", { rid: "f-2" })]);
    expect(await follow("f-2")).toMatchObject({ thrown: "RuntimeException", events: [{ rid: "f-1" }] });
    expect((await follow()).events).toMatchObject([{ rid: "f-2" }]);
    await call("wait", [activity("c", { rid: "f-3" })]);
    expect((await follow()).events).toMatchObject([{ rid: "f-3" }]);
    await writeFile(file, "nonsense\n");
    expect((await follow()).events).toMatchObject([{ type: "gap" }]);
    expect((await readFile(file, "utf8")).trim()).not.toBe("nonsense");
  });

  it("does not handle an event twice when two scripts share a file", async () => {
    const file = join(dir, "shared");
    await call("follow", [file]);
    const waiting = start("follow", [file, 20, { type: "result" }]);
    const held = async () => (await call("follow", [file, 0])).value;
    // The waiting process holds the lock, so this process handles no event.
    expect(await held()).toBe(0);
    await call("wait", [activity("a", { rid: "shared-1" })]);
    const first = await outcome(waiting);
    const second = await call("follow", [file, 0, { type: "result" }]);
    expect([...(first.events ?? []), ...(second.events ?? [])]).toMatchObject([{ rid: "shared-1" }]);
  });

  it("signs tokens that the gateway accepts within their limits", async () => {
    const { value: token } = await call("token", [{ sub: "user", actors: ["carol"], scope: "listen" }, 60]);
    const headers = { Authorization: `Bearer ${token}`, Accept: "application/json" };
    await call("wait", [activity("hers", { rid: "t-1", actor: { address: "carol" } })]);
    await call("wait", [activity("his", { rid: "t-2" })]);
    const response = await fetch(`${gateway.base}/events?after=earliest`, { headers });
    expect(response.status).toBe(200);
    const { events } = (await response.json()) as { events: Array<{ actor: { address: string } }> };
    expect(events.length).toBeGreaterThan(0);
    expect(events.every(({ actor }) => actor.address === "carol")).toBe(true);
    const posted = await fetch(`${gateway.base}/activities`, { method: "POST", headers, body: "{}" });
    expect(posted.status).toBe(403);
  });

  it("verifies webhooks by the Standard Webhooks rules", async () => {
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const [id, body] = ["msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}'];
    // The example of the specification's own libraries.
    const time = "1614265330";
    const known = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const headers = { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": `v1,AAAA ${known}` };
    const ever = 4_000_000_000;
    expect((await call("webhook", [secret, headers, body, ever])).value).toEqual({ test: 2432232314 });
    const server = { HTTP_WEBHOOK_ID: id, HTTP_WEBHOOK_TIMESTAMP: time, HTTP_WEBHOOK_SIGNATURE: known };
    expect((await call("webhook", [["whsec_AAAA", secret], server, body, ever])).value).toEqual({ test: 2432232314 });
    const now = String(Math.floor(Date.now() / 1_000));
    const signature = createHmac("sha256", Buffer.from(secret.slice(6), "base64")).update(`${id}.${now}.${body}`);
    const fresh = {
      "Webhook-Id": id,
      "Webhook-Timestamp": now,
      "Webhook-Signature": `v1,${signature.digest("base64")}`,
    };
    expect((await call("webhook", [secret, fresh, body])).value).toEqual({ test: 2432232314 });
    const wrong = [
      [secret, headers, body],
      [secret, headers, `${body} `, ever],
      ["whsec_AAAA", headers, body, ever],
      [secret, { ...headers, "webhook-id": "msg_other" }, body, ever],
      [secret, {}, body, ever],
    ];
    for (const args of wrong) expect(await call("webhook", args)).toMatchObject({ code: "signature-invalid" });
  });
});
