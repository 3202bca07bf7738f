import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TokenAnswer } from "../../../routes/resources/tokens.ts";
import type { IssuedKey } from "../../../src/apps/registry.ts";
import { SCOPES } from "../../../src/model/caller.ts";
import { validationErrors } from "../../../src/model/validate.ts";
import { type AuthFixture, authFixture, dumpRedis } from "../../support/auth-fixture.ts";

let fixture: AuthFixture;
let app: IssuedKey;
beforeAll(async () => {
  fixture = await authFixture();
  app = await fixture.registry.createApp("shop", SCOPES);
});
afterAll(() => fixture.stop());

async function call(
  path: string,
  options: { method?: string; key?: string; body?: unknown; headers?: Record<string, string> } = {},
) {
  const { method = "GET", key, body, headers = {} } = options;
  const answer = await fetch(`${fixture.url}/gateway${path}`, {
    method,
    headers: {
      ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const raw = await answer.text();
  return { status: answer.status, headers: answer.headers, raw, body: raw === "" ? undefined : JSON.parse(raw) };
}
const mint = (body: unknown, key = app.key) => call("/tokens", { method: "POST", key, body });

describe("POST /tokens", () => {
  test("creates a token that opens a stream, valid for ten minutes by default", async () => {
    const { status, body, headers } = await mint({ sub: "bob", platforms: ["smtp"], actors: ["bob@example.com"] });
    expect(status).toBe(201);
    expect(validationErrors(TokenAnswer, body)).toEqual([]);
    expect(headers.get("cache-control")).toBe("no-store");
    const claims = decodeJwt(body.token);
    expect(decodeProtectedHeader(body.token)).toEqual({ alg: "HS256", typ: "JWT", kid: app.keyId });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(600);
    expect(Date.parse(body.expiresAt) / 1_000).toBe(claims.exp);
    const stream = await call("/events", { key: body.token });
    expect(stream.body).toMatchObject({
      app: app.app,
      subject: "bob",
      jti: body.jti,
      limits: { platforms: ["email"], actors: ["bob@example.com"] },
    });
    expect(stream.body.scopes).toEqual(["listen"]);
  });

  test("accepts PHP's empty list as an empty object, and an empty list of actors as none", async () => {
    expect((await mint([])).status).toBe(201);
    const { body } = await mint({ actors: [], scope: "send listen", expiresIn: 86_400 });
    const { limits, scopes } = (await call("/events", { key: body.token })).body;
    expect(limits).toEqual({ actors: [] });
    expect(scopes.toSorted()).toEqual(["listen", "send"]);
  });

  test.each([
    [{ expiresIn: 86_401 }, "/expiresIn"],
    [{ expiresIn: 0 }, "/expiresIn"],
    [{ expiresIn: "600" }, "/expiresIn"],
    [{ scope: "tokens" }, "/scope"],
    [{ scope: "listen,send" }, "/scope"],
    [{ actors: "bob" }, "/actors"],
    [{ actors: [""] }, "/actors/0"],
    [{ verbs: [1] }, "/verbs/0"],
    [{ sub: "a\u0000b" }, "/sub"],
    [{ ticket: "yes" }, "/ticket"],
    [{ admin: true }, ""],
    ["token", ""],
    [null, ""],
    [[1], ""],
  ])("refuses %j with pointer %s", async (body, pointer) => {
    const answer = await mint(body);
    expect([answer.status, answer.body.code]).toEqual([422, "validation-failed"]);
    expect(answer.body.errors[0].pointer).toBe(pointer);
  });

  test("refuses an unknown platform, and scopes that the key lacks", async () => {
    const unknown = await mint({ platforms: ["email", "nope"] });
    expect([unknown.status, unknown.body.code, unknown.body.errors[0].pointer]).toEqual([
      422,
      "platform-unknown",
      "/platforms/1",
    ]);
    const listener = await fixture.registry.createApp("listener", ["listen", "tokens"]);
    expect((await mint({ scope: "send" }, listener.key)).status).toBe(403);
    const plain = await fixture.registry.createApp("plain", ["listen", "send"]);
    expect((await mint({}, plain.key)).status).toBe(403);
    const { body } = await mint({ scope: "listen send" });
    expect((await mint({}, body.token)).status).toBe(403);
  });
});

describe("tickets", () => {
  const ticketOf = async (more: object = {}) =>
    (await mint({ ticket: true, sub: "bob", ...more })).body.token as string;
  const sessionOf = (setCookie: string | null) => (setCookie ?? "").split(";")[0] as string;

  test("are redeemed once for a session that reconnects with a cookie", async () => {
    const { status, body } = await mint({ ticket: true, actors: ["bob@example.com"] });
    expect(status).toBe(201);
    const left = Date.parse(body.expiresAt) - Date.now();
    expect(left > 55_000 && left <= 60_000).toBe(true);
    const first = await call(`/events?ticket=${body.token}`);
    expect(first.body).toMatchObject({
      app: app.app,
      via: "ticket",
      cookie: false,
      limits: { actors: ["bob@example.com"] },
    });
    const cookie = first.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/^dragoman_t_[0-9a-f]{16}=[\w-]{32}; Path=\/gateway; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
    for (const path of ["/events", "/socket", "/events"]) {
      const again = await call(`${path}?after=latest&ticket=${body.token}`, {
        headers: { Cookie: `x=y; ${sessionOf(cookie)}` },
      });
      expect([again.status, again.body.via, again.headers.get("set-cookie")]).toEqual([200, "ticket", null]);
    }
    expect((await call(`/events?ticket=${body.token}`)).status).toBe(401);
  });

  test("are redeemed by one of twenty simultaneous requests", async () => {
    const ticket = await ticketOf();
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        call(`/events?ticket=${ticket}`, { headers: { "X-Forwarded-For": `203.0.113.${i}` } }),
      ),
    );
    expect(all.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1);
  });

  test("and their sessions work for GET of a stream or a socket only", async () => {
    const ticket = await ticketOf({ scope: "listen send" });
    for (const [path, method] of [
      ["/may/listen", "GET"],
      ["/may/send", "POST"],
      ["/tokens", "POST"],
    ] as const) {
      const body = method === "POST" ? {} : undefined;
      expect((await call(`${path}?ticket=${ticket}`, { method, body })).status).toBe(401);
    }
    expect((await call("/events", { key: ticket })).status).toBe(401);
    expect((await call("/events", { headers: { Cookie: `dragoman_token=${ticket}` } })).status).toBe(401);
    const opened = await call(`/socket?ticket=${ticket}`);
    expect(opened.status).toBe(200);
    const Cookie = sessionOf(opened.headers.get("set-cookie"));
    expect((await call("/events", { headers: { Cookie } })).status).toBe(401);
    expect((await call(`/may/listen?ticket=${ticket}`, { headers: { Cookie } })).status).toBe(401);
    expect((await call(`/events?ticket=${await ticketOf()}x`, { headers: { Cookie } })).status).toBe(401);
  });

  test("are not replaced by another ticket's cookie or an invented one", async () => {
    const [first, second] = [await ticketOf(), await ticketOf()];
    const [opened, other] = [await call(`/events?ticket=${first}`), await call(`/events?ticket=${second}`)];
    const name = sessionOf(opened.headers.get("set-cookie")).split("=")[0];
    const secret = sessionOf(other.headers.get("set-cookie")).split("=")[1];
    for (const Cookie of [`${name}=${secret}`, `${name}=`, `${name}=x`]) {
      expect((await call(`/events?ticket=${first}`, { headers: { Cookie } })).status).toBe(401);
    }
  });

  test("cannot be redeemed or used up by a page of a foreign origin", async () => {
    const ticket = await ticketOf();
    expect((await call(`/events?ticket=${ticket}`, { headers: { Origin: "https://evil.example" } })).status).toBe(403);
    const secure = { "X-Forwarded-Proto": "https" };
    const opened = await call(`/events?ticket=${ticket}`, { headers: secure });
    expect(opened.headers.get("set-cookie")).toMatch(/; Secure$/);
  });

  test("extend their session while it is used, up to the token's end", async () => {
    const ticket = await ticketOf({ expiresIn: 7_200 });
    const opened = await call(`/events?ticket=${ticket}`);
    expect(opened.body.expiresAt - opened.body.issuedAt).toBe(7_200);
    const [session] = await fixture.client.keys("{dgm:t:*session");
    await fixture.client.expire(session as string, 10);
    const headers = { Cookie: sessionOf(opened.headers.get("set-cookie")) };
    for (const name of await fixture.client.keys("{dgm:t:*session")) await fixture.client.expire(name, 10);
    expect((await call(`/events?ticket=${ticket}`, { headers })).status).toBe(200);
    const left = await Promise.all(
      (await fixture.client.keys("{dgm:t:*session")).map((name) => fixture.client.ttl(name)),
    );
    expect(Math.max(...left)).toBeGreaterThan(3_000);
    fixture.clock.skewMs = 7_201_000;
    expect((await call(`/events?ticket=${ticket}`, { headers })).status).toBe(204);
    fixture.clock.skewMs = 0;
  });

  test("and their secrets are not in Redis", async () => {
    const waiting = await ticketOf();
    const used = await ticketOf();
    const secret = sessionOf((await call(`/events?ticket=${used}`)).headers.get("set-cookie")).split("=")[1] as string;
    const everything = await dumpRedis(fixture.client);
    for (const text of [waiting, used, secret, waiting.slice(4)]) expect(everything).not.toContain(text);
  });
});

describe("POST /revocations", () => {
  const revoke = (body: unknown, key = app.key) => call("/revocations", { method: "POST", key, body });

  test("ends the token with that jti only, and notes it in the log", async () => {
    const [first, second] = [(await mint({ sub: "ann" })).body, (await mint({ sub: "ann" })).body];
    expect((await revoke({ jti: first.jti })).status).toBe(204);
    expect(fixture.controls.at(-1)).toEqual({ app: app.app, revocation: { jti: first.jti } });
    expect((await call("/events", { key: first.token })).status).toBe(204);
    expect((await call("/may/listen", { key: first.token })).status).toBe(401);
    expect((await call("/events", { key: second.token })).status).toBe(200);
  });

  test("ends all tokens, tickets and sessions of a subject, not later ones", async () => {
    const { token } = (await mint({ sub: "cat" })).body;
    const other = (await mint({ sub: "dog" })).body.token;
    const waiting = (await mint({ sub: "cat", ticket: true })).body.token;
    const used = (await mint({ sub: "cat", ticket: true })).body.token;
    const Cookie = ((await call(`/events?ticket=${used}`)).headers.get("set-cookie") ?? "").split(";")[0] as string;
    expect((await revoke({ sub: "cat" })).status).toBe(204);
    expect((await call("/events", { key: token })).status).toBe(204);
    expect((await call(`/events?ticket=${waiting}`)).status).toBe(204);
    expect((await call(`/events?ticket=${used}`, { headers: { Cookie } })).status).toBe(204);
    expect((await call("/events", { key: other })).status).toBe(200);
    const before = new Date(Date.now() - 60_000).toISOString();
    expect((await revoke({ sub: "dog", issuedBefore: before })).status).toBe(204);
    expect((await call("/events", { key: other })).status).toBe(200);
  });

  test("never replaces a later revocation by an earlier one", async () => {
    const { token } = (await mint({ sub: "eve" })).body;
    await revoke({ sub: "eve" });
    await revoke({ sub: "eve", issuedBefore: "2020-01-01T00:00:00Z" });
    expect((await call("/events", { key: token })).status).toBe(204);
  });

  test("lasts until the last covered token would have expired", async () => {
    await revoke({ jti: "long" });
    await revoke({ sub: "long" });
    const marks = (await fixture.client.keys("*revoked*")).filter((name) => name.endsWith(":long"));
    expect(marks).toHaveLength(2);
    for (const mark of marks) expect(await fixture.client.ttl(mark)).toBeGreaterThan(86_400 + 60);
  });

  test("does not reach another app's tokens", async () => {
    const other = await fixture.registry.createApp("rival", SCOPES);
    const { token, jti } = (await mint({ sub: "fox" })).body;
    await revoke({ jti }, other.key);
    await revoke({ sub: "fox" }, other.key);
    expect((await call("/events", { key: token })).status).toBe(200);
  });

  test.each([
    [{}, "/sub"],
    [[], "/sub"],
    [{ jti: 1 }, "/jti"],
    [{ jti: "a b" }, "/jti"],
    [{ jti: "" }, "/jti"],
    [{ jti: "a", sub: "b" }, ""],
    [{ sub: "" }, "/sub"],
    [{ sub: "x", issuedBefore: "yesterday" }, "/issuedBefore"],
    [{ sub: "x", issuedBefore: 5 }, "/issuedBefore"],
    [{ sub: "x", issuedBefore: "2999-01-01T00:00:00Z" }, "/issuedBefore"],
    [{ sub: "x", issuedBefore: "2016-12-31T23:59:60Z" }, "/issuedBefore"],
    [null, ""],
  ])("refuses %j and points at %s", async (body, pointer) => {
    const answer = await revoke(body);
    expect([answer.status, answer.body?.code]).toEqual([422, "validation-failed"]);
    expect(answer.body.errors[0].pointer).toBe(pointer);
  });

  test("refuses listener tokens", async () => {
    const { token } = (await mint({ scope: "listen send" })).body;
    expect((await revoke({ jti: "x" }, token)).status).toBe(403);
  });
});
