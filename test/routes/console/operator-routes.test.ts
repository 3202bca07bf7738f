import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gateway } from "../../support/gateway.ts";
import { type Ask, askConsole, auditOf, signedIn } from "./console-fixture.ts";

let gw: Awaited<ReturnType<typeof gateway>>;
let admin: Ask;
let viewer: Ask;
beforeAll(async () => {
  gw = await gateway({ PLATFORMS: "+dummy" });
  await gw.registry.createApp("shop", ["send"]);
  [admin, viewer] = await Promise.all([signedIn(gw, "admin"), signedIn(gw, "viewer")]);
});
afterAll(() => gw.stop());

const appsOf = async (ask: Ask) =>
  (await ask("/apps")).body.apps as ReadonlyArray<{ id: string; name: string; keys: ReadonlyArray<{ id: string }> }>;

describe("The console's apps", () => {
  it("are listed without secrets", async () => {
    const { body } = await viewer("/apps");
    expect(body).toMatchObject({ apps: [{ name: "shop", keys: [{ scopes: ["send"] }] }] });
    expect(JSON.stringify(body)).not.toMatch(/hash|listener|dgm_/i);
  });

  it("are made by admins, with a key shown once that works", async () => {
    const made = await admin("/apps", { method: "POST", body: { name: "blog", scopes: ["send", "listen"] } });
    expect(made).toMatchObject({ status: 201, body: { name: "blog", key: expect.stringMatching(/^dgm_/) } });
    const headers = { Authorization: `Bearer ${String(made.body.key)}`, Accept: "application/json" };
    expect((await fetch(`${gw.url}/gateway/events`, { headers })).status).toBe(200);
  });

  it("get a second key, and lose keys, of this app only", async () => {
    const [shop, blog] = await appsOf(admin);
    const second = await admin(`/apps/${shop?.id}/keys`, { method: "POST", body: {} });
    expect(second).toMatchObject({ status: 201, body: { keyId: expect.any(String) } });
    expect((await admin(`/apps/${shop?.id}/keys`, { method: "POST", body: {} })).status).toBe(422);
    const foreign = await admin(`/apps/${blog?.id}/keys/${String(second.body.keyId)}`, { method: "DELETE" });
    expect(foreign.status).toBe(404);
    expect((await admin(`/apps/${shop?.id}/keys/${String(second.body.keyId)}`, { method: "DELETE" })).status).toBe(204);
    expect((await appsOf(admin))[0]?.keys.length).toBe(1);
  });

  it("are refused with a sentence when the input is wrong", async () => {
    for (const body of [{}, { name: "shop" }, { name: "-" }, { name: "x", scopes: ["root"] }, { name: "x", more: 1 }]) {
      const { status, body: problem } = await admin("/apps", { method: "POST", body });
      expect([status, problem.code], JSON.stringify(body)).toEqual([422, "validation-failed"]);
    }
    expect((await admin("/apps/nobody", { method: "DELETE" })).status).toBe(422);
  });

  it("are deleted with everything", { timeout: 60_000 }, async () => {
    const blog = (await appsOf(admin)).find(({ name }) => name === "blog");
    expect((await admin(`/apps/${blog?.id}`, { method: "DELETE" })).status).toBe(200);
    expect((await appsOf(admin)).map(({ name }) => name)).toEqual(["shop"]);
  });

  it("cannot be changed by viewers, who cannot fill the audit log either", async () => {
    const [shop] = await appsOf(viewer);
    const asked = [
      ["POST", "/apps"],
      ["DELETE", `/apps/${shop?.id}`],
      ["POST", `/apps/${shop?.id}/keys`],
      ["DELETE", `/apps/${shop?.id}/keys/${shop?.keys[0]?.id}`],
    ] as const;
    for (const [method, path] of asked)
      expect((await viewer(path, { method, body: { name: "mine" } })).status, path).toBe(403);
    expect((await appsOf(admin)).map(({ name, keys }) => [name, keys.length])).toEqual([["shop", 1]]);
    expect((await auditOf(gw)).filter(({ name }) => name === "viewer").map(({ action }) => action)).toEqual([
      "signed in",
    ]);
  });
});

describe("The console's audit log", () => {
  it("has who, what and when, newest first, and takes a cursor", async () => {
    const { body } = await viewer("/audit");
    const entries = body.entries as ReadonlyArray<{ id: string; time: string; action: string; name: string }>;
    expect(entries.map(({ action }) => action)).toEqual(
      expect.arrayContaining(["create app", "delete app", "signed in"]),
    );
    expect([...entries].sort((a, b) => (a.time < b.time ? 1 : -1)).map(({ time }) => time)).toEqual(
      entries.map(({ time }) => time),
    );
    const older = await viewer(`/audit?after=${entries[0]?.id}`);
    expect(older.body.entries).toEqual(entries.slice(1));
    expect((await viewer("/audit?after=x")).status).toBe(400);
  });
});

describe("The console's figures", () => {
  it("hold the gateway's metrics and the state of Redis", async () => {
    const { status, body } = await viewer("/overview");
    expect([status, body.redis]).toEqual([200, { up: true, pressure: "ok" }]);
    const names = (body.metrics as ReadonlyArray<{ name: string }>).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["dragoman_activities_accepted_total", "dragoman_streams"]));
    expect(names.every((name) => name.startsWith("dragoman_"))).toBe(true);
  });

  it("hold the jobs of each queue", async () => {
    const { body } = await viewer("/queues");
    expect(body.queues).toContainEqual({ name: "dummy", waiting: 0, active: 0, delayed: 0, failed: 0, reasons: [] });
    expect(body.queues).toContainEqual(expect.objectContaining({ name: "held.15" }));
  });
});

it("The console's API answers nobody without a sign-in", async () => {
  for (const path of ["/apps", "/audit", "/overview", "/queues", "/session"])
    expect((await askConsole(gw, path)).status, path).toBe(401);
});

it("A stream of the console ends soon after its user signed out", async () => {
  const ask = await signedIn(gw, "viewer");
  const [shop] = await appsOf(admin);
  const opened = await ask(`/apps/${shop?.id}/events`, { headers: { Accept: "text/event-stream" }, keep: true });
  const reader = opened.stream?.getReader();
  expect((await reader?.read())?.done).toBe(false);
  await ask("/session", { method: "DELETE" });
  const end = async (): Promise<string> => {
    try {
      while (!(await reader?.read())?.done);
      return "ended";
    } catch {
      return "ended";
    }
  };
  expect(await end()).toBe("ended");
});
