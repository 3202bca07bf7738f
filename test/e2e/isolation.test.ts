import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keys } from "../../src/redis/keys.ts";
import { gateway } from "../support/gateway.ts";
import { scriptedSmtp } from "../support/scripted-smtp.ts";

const APPS = ["anna", "boris", "carla"] as const;
type AppName = (typeof APPS)[number];

let gw: Awaited<ReturnType<typeof gateway>>;
const apps = new Map<AppName, { readonly key: string; readonly id: string }>();
beforeAll(async () => {
  gw = await gateway({ PLATFORMS: "+dummy", ALLOW_PRIVATE: "127.0.0.0/8" });
  for (const name of APPS) {
    const { key, app } = await gw.registry.createApp(name, ["send", "listen", "accounts", "tokens"]);
    apps.set(name, { key, id: app });
  }
});
afterAll(() => gw.stop());

const appOf = (name: AppName) => apps.get(name) ?? { key: "", id: "" };

async function call(name: AppName, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(`${gw.url}/gateway${path}`, {
    method,
    headers: { Authorization: `Bearer ${appOf(name).key}`, "Content-Type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, text, body: (text === "" ? {} : JSON.parse(text)) as Record<string, unknown> };
}

/** Activity with the same rid, actor and target for each app. The content names the app. */
const activity = (name: AppName, rid: string) => ({
  rid,
  platform: "dummy",
  verb: "echo",
  actor: { address: "same@example.org" },
  target: { address: "same-target" },
  object: { body: `belongs to ${name}` },
});

const poll = (name: AppName, query: string) =>
  call(name, "GET", `/events?${query}`, undefined, { Accept: "application/json" });

describe("apps with equal rids, actors and targets", () => {
  it("get their own results and events only, also by each other's cursors", async () => {
    for (const name of APPS) expect((await poll(name, "wait=0")).status).toBe(200);
    const start = new Map<AppName, string>();
    for (const name of APPS) start.set(name, String((await poll(name, "wait=0")).body.cursor));
    await Promise.all(
      APPS.flatMap((name) =>
        Array.from({ length: 100 }, (_, n) =>
          call(name, "POST", "/activities", activity(name, `rid-${n}`), { Prefer: "wait=20" }),
        ),
      ),
    );
    for (const reader of APPS) {
      for (const owner of APPS) {
        const { text, body } = await poll(reader, `after=${start.get(owner)}&limit=1000`);
        for (const other of APPS.filter((name) => name !== reader)) expect(text).not.toContain(`belongs to ${other}`);
        if (reader !== owner) continue;
        const events = body.events as ReadonlyArray<{ readonly type: string; readonly rid: string }>;
        const results = events.filter(({ type }) => type === "result").map(({ rid }) => rid);
        expect(new Set(results).size).toBe(100);
      }
    }
  });

  it("see each other's things as if they did not exist, in every operation that names one", async () => {
    const owner = "anna";
    const hook = { url: "https://example.org/hook" };
    expect((await call(owner, "PUT", "/hooks/secret-hook", hook)).status).toBe(201);
    const login = { platform: "email", address: "owner@example.org", credentials: { host: "127.0.0.1", tls: "none" } };
    const account = (await call(owner, "PUT", "/accounts", login)).body as { readonly id: string };
    await call(owner, "POST", "/activities", activity(owner, "only-anna"), { Prefer: "wait=20" });
    const dead = { ...activity(owner, "dead-anna"), verb: "fail", options: { expiresIn: 2 } };
    const failing = { body: "Hi", kind: "retryable", retryAfterMs: 60_000 };
    await call(owner, "POST", "/activities", { ...dead, object: failing }, { Prefer: "wait=20" });
    const suppressed = { platform: "email", address: "left@example.org" };
    const suppression = (await call(owner, "POST", "/suppressions", suppressed)).body as { readonly id: string };
    const names: Readonly<Record<string, readonly [real: string, unknown: string]>> = {
      "/activities/{rid}": ["only-anna", "only-nobody"],
      "/dead-letters/{rid}": ["dead-anna", "dead-nobody"],
      "/dead-letters/{rid}/replay": ["dead-anna", "dead-nobody"],
      "/accounts/{id}": [account.id, `acc_${"x".repeat(22)}`],
      "/suppressions/{id}": [suppression.id, `acc_${"x".repeat(22)}`],
      "/hooks/{name}": ["secret-hook", "another-hook"],
      "/hooks/{name}/deliveries": ["secret-hook", "another-hook"],
      "/hooks/{name}/test": ["secret-hook", "another-hook"],
      "/hooks/{name}/replay": ["secret-hook", "another-hook"],
    };
    // Apps' keys open nothing under /admin.
    const open = ["/accounts/{platform}", "/admin/", "/inbound/", "/platforms/"];
    const named = Object.entries(gw.document.paths ?? {}).filter(([path]) => /\{\w+\}/.test(path));
    for (const [path, item] of named) {
      if (open.some((prefix) => path.startsWith(prefix))) continue;
      const [real, unknown] = names[path] ?? ["", ""];
      expect(real, `${path} is part of this test`).not.toBe("");
      for (const method of ["get", "delete", "post"] as const) {
        if (item?.[method] === undefined) continue;
        const to = (name: string) => path.replace(/\{\w+\}/, name);
        const body = path.endsWith("/replay") && path.startsWith("/hooks") ? { after: "earliest" } : undefined;
        const foreign = await call("boris", method.toUpperCase(), to(real), body);
        const missing = await call("boris", method.toUpperCase(), to(unknown), body);
        expect([foreign.status, foreign.text], `${method} ${path}`).toEqual([
          404,
          missing.text.replaceAll(unknown, real),
        ]);
      }
    }
    expect((await call(owner, "GET", "/activities/only-anna")).body).toMatchObject({ status: "sent" });
    expect((await call(owner, "GET", "/dead-letters/dead-anna")).status).toBe(200);
    for (const list of ["/accounts", "/hooks", "/dead-letters", "/suppressions"]) {
      expect((await call("boris", "GET", list)).text).not.toMatch(/owner@example|secret-hook|dead-anna|left@example/);
    }
  });

  it("reach their own server with their own login, and nobody else's for the same address", async () => {
    const servers = { anna: await scriptedSmtp(), boris: await scriptedSmtp() };
    try {
      for (const name of ["anna", "boris"] as const) {
        const credentials = { host: "127.0.0.1", port: servers[name].port, tls: "none" };
        await call(name, "PUT", "/accounts", { platform: "email", address: "shared@example.org", credentials });
      }
      const mail = (name: AppName) => ({
        rid: "mail",
        platform: "email",
        verb: "send",
        actor: { address: "shared@example.org" },
        target: { address: "friend@example.org" },
        object: { subject: "Hi", body: `from ${name}` },
      });
      for (const name of ["anna", "boris"] as const) {
        const sent = await call(name, "POST", "/activities", mail(name), { Prefer: "wait=20" });
        expect(sent.body).toMatchObject({ status: "sent" });
        expect(servers[name].messages).toEqual([expect.stringContaining(`from ${name}`)]);
      }
      const stranger = await call("carla", "POST", "/activities", mail("carla"));
      const nobody = { ...mail("carla"), actor: { address: "nobody@example.org" } };
      const unknown = await call("carla", "POST", "/activities", nobody);
      expect(stranger).toMatchObject({ status: 422, body: { code: "account-unknown" } });
      expect(stranger.text).toBe(unknown.text);
    } finally {
      await Promise.all([servers.anna.stop(), servers.boris.stop()]);
    }
  });
});

describe("what the operator sees", () => {
  it("names no actor, target, rid or content in metrics, health and readiness", async () => {
    for (const path of ["/metrics", "/healthz", "/readyz"]) {
      const text = await (await fetch(`${gw.url}${path}`)).text();
      expect(text).not.toMatch(/same@example|same-target|belongs to|rid-\d|only-anna|shared@example/);
      for (const name of APPS) expect(text).not.toContain(appOf(name).id);
    }
  });

  it("holds every key of Redis under one app, or on the list of shared ones", async () => {
    const ids = new Set(APPS.map((name) => appOf(name).id));
    const shared =
      /^(\{dgm\}:(apps|app-names|app:|key:|app-keys:|keyring|doors:|door:|holders|leases|lease-fences)|\{dgm(\d+)\}:(lanes|due|deadlines|fences|hooked|wanted:\d+|wake:|retries|ready:|busy:|drainer:)|\{dgmp\d+\}:|\{dgm:[ct]:|\{dgmq\}:)/;
    const found = await gw.client.keys("*");
    const foreign = found.filter((key) => {
      if (shared.test(key)) return false;
      const owner = /^\{dgm\d+\}:[a-z-]+:([^:|]+)/.exec(key)?.[1] ?? "";
      return !ids.has(owner) || !key.startsWith(`${keys.tagOf(owner)}:`);
    });
    expect(found.length).toBeGreaterThan(100);
    expect(foreign).toEqual([]);
  });
});
