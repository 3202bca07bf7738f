import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gateway } from "../../support/gateway.ts";
import { askConsole, auditOf, linkOf, signedIn } from "./console-fixture.ts";

let gw: Awaited<ReturnType<typeof gateway>>;
let app: string;
beforeAll(async () => {
  gw = await gateway({ PLATFORMS: "+dummy", ALLOWED_ORIGINS: "https://shop.example" });
  app = (await gw.registry.createApp("shop", ["send"])).app;
});
afterAll(() => gw.stop());

const signIn = (link: string, headers = {}) => askConsole(gw, "/session", { method: "POST", body: { link }, headers });

describe("Signing in at the console", () => {
  it("uses a link once", async () => {
    const link = await linkOf(gw, "admin", "ann");
    const first = await signIn(link);
    expect(first).toMatchObject({ status: 201, body: { name: "ann", role: "admin" } });
    expect(await signIn(link)).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
  });

  it("sets a cookie that scripts and other sites cannot use", async () => {
    const { headers } = await signIn(await linkOf(gw, "viewer"));
    const cookie = headers.get("set-cookie");
    expect(cookie).toMatch(
      /^dragoman_console=[\w-]{43}; Path=\/gateway\/console; Max-Age=\d+; HttpOnly; SameSite=Strict$/,
    );
    const secure = await signIn(await linkOf(gw, "viewer"), {
      "X-Forwarded-Proto": "https",
      Origin: gw.url.replace("http:", "https:"),
    });
    expect(secure.headers.get("set-cookie")).toMatch(/; Secure$/);
  });

  it("stores neither links nor cookies in Redis", async () => {
    const unused = await linkOf(gw, "admin");
    const { headers } = await signIn(await linkOf(gw, "admin"));
    const secret = /=([\w-]+);/.exec(headers.get("set-cookie") ?? "")?.[1] ?? "";
    const names = await gw.client.keys("*dgm:w:*");
    const values = await Promise.all(
      names.map((name) => (gw.client as { get(key: string): Promise<string | null> }).get(name)),
    );
    const stored = JSON.stringify([names, values]);
    expect(names.length).toBeGreaterThan(1);
    expect(stored).not.toContain(unused);
    expect(stored).not.toContain(secret);
  });

  it("refuses made-up links, and slows guessing down", async () => {
    const guesses = await Promise.all(
      Array.from({ length: 30 }, () => signIn(`dgc_${"x".repeat(32)}`, { "X-Forwarded-For": "192.0.2.7" })),
    );
    expect(guesses.map(({ status }) => status)).toContain(429);
    expect(guesses.every(({ status }) => status === 401 || status === 429)).toBe(true);
  });

  it("ends the session at sign-out", async () => {
    const ask = await signedIn(gw, "admin");
    expect((await ask("/session")).status).toBe(200);
    const signedOut = await ask("/session", { method: "DELETE" });
    expect(signedOut.status).toBe(204);
    expect(signedOut.headers.get("set-cookie")).toContain("Max-Age=0");
    expect((await ask("/session")).status).toBe(401);
  });
});

describe("The console's API", () => {
  const sending = {
    method: "POST",
    body: {
      rid: "c-1",
      platform: "dummy",
      verb: "echo",
      actor: { address: "alice" },
      target: { address: "bob" },
      object: { body: "Hi" },
    },
  };

  it("asks for a sign-in", async () => {
    expect((await askConsole(gw, `/apps/${app}/accounts`)).status).toBe(401);
    expect((await askConsole(gw, `/apps/${app}/activities`, sending)).status).toBe(401);
  });

  it("lets an admin act for any app, and records the change", async () => {
    const ask = await signedIn(gw, "admin");
    expect(await ask(`/apps/${app}/activities`, sending)).toMatchObject({ status: 202, body: { rid: "c-1" } });
    await expect
      .poll(async () => (await auditOf(gw))[0])
      .toMatchObject({
        name: "admin",
        role: "admin",
        action: "POST /activities → /gateway/activities/c-1",
        app,
        status: 202,
      });
    expect((await ask("/apps/unknown/accounts")).status).toBe(404);
  });

  it("lets a viewer read and change nothing", async () => {
    const ask = await signedIn(gw, "viewer");
    expect((await ask(`/apps/${app}/accounts`)).status).toBe(200);
    for (const [method, path] of [
      ["POST", "activities"],
      ["DELETE", "activities/c-1"],
      ["PUT", "accounts"],
      ["PUT", "hooks/x"],
      ["POST", "tokens"],
    ] as const) {
      const { status, body } = await ask(`/apps/${app}/${path}`, { method, body: {} });
      expect([method, path, status, body.code]).toEqual([method, path, 403, "forbidden"]);
    }
  });

  it("refuses requests of other pages", async () => {
    const ask = await signedIn(gw, "admin");
    const path = `/apps/${app}/activities`;
    const foreign: ReadonlyArray<Record<string, string>> = [
      { Origin: "https://evil.example" },
      { Origin: "https://shop.example" },
      { Origin: "null" },
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site" },
    ];
    for (const headers of foreign) {
      expect((await ask(path, { ...sending, headers })).status, JSON.stringify(headers)).toBe(403);
      expect((await ask(`/apps/${app}/accounts`, { headers })).status, JSON.stringify(headers)).toBe(403);
    }
    const cookie = await signIn(await linkOf(gw, "admin"), { Origin: "https://evil.example" });
    expect([cookie.status, cookie.headers.get("set-cookie")]).toEqual([403, null]);
  });

  it("gives the cookie no meaning outside of the console", async () => {
    const { headers } = await signIn(await linkOf(gw, "admin"));
    const answer = await fetch(`${gw.url}/gateway/accounts`, {
      headers: { Cookie: headers.get("set-cookie")?.split(";", 1)[0] ?? "", Origin: gw.url },
    });
    expect(answer.status).toBe(401);
  });

  it("reaches no other paths through an app", async () => {
    const ask = await signedIn(gw, "admin");
    for (const path of ["console/api/session", "metrics", "inbound/x/y", "..%2Fmetrics", "healthz"])
      expect((await ask(`/apps/${app}/${path}`)).status, path).toBe(404);
  });
});

describe("A gateway without the console", () => {
  it("serves nothing at its path", async () => {
    const plain = await gateway({ CONSOLE: "false" }, { works: false });
    try {
      expect((await fetch(`${plain.url}/gateway/console/`)).status).toBe(404);
      expect((await askConsole(plain, "/session")).status).toBe(404);
    } finally {
      await plain.stop();
    }
  });
});
