import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { proxyTrust } from "../../../routes/http/proxy-trust.ts";
import { newApiKey } from "../../../src/apps/api-key.ts";
import type { IssuedKey } from "../../../src/apps/registry.ts";
import { SCOPES } from "../../../src/model/caller.ts";
import { type AuthFixture, authFixture } from "../../support/auth-fixture.ts";

let fixture: AuthFixture;
let app: IssuedKey;
let clients = 0;
beforeAll(async () => {
  fixture = await authFixture({ allowedOrigins: ["https://shop.example"] });
  app = await fixture.registry.createApp("shop", SCOPES);
});
afterAll(() => fixture.stop());

type Headers = Record<string, string>;
/** Sends each call from a different address. Failed attempts of other tests then do not count. */
async function ask(path: string, headers: Headers = {}, method = "GET") {
  clients += 1;
  const from = { "X-Forwarded-For": `203.0.${Math.floor(clients / 250)}.${clients % 250}` };
  const answer = await fetch(`${fixture.url}/gateway${path}`, { method, headers: { ...from, ...headers } });
  const raw = await answer.text();
  return { status: answer.status, headers: answer.headers, raw, body: raw === "" ? undefined : JSON.parse(raw) };
}
const bearer = (text: string): Headers => ({ Authorization: `Bearer ${text}` });
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const nowSeconds = () => Math.floor(Date.now() / 1_000);

/** The few lines a PHP page needs, done the same way. */
function signed(claims: object, options: { key?: string; kid?: unknown; header?: object } = {}): string {
  const key = options.key ?? app.key;
  const secret = createHmac("sha256", key).update("listener").digest();
  const head = options.header ?? { alg: "HS256", typ: "JWT", kid: options.kid ?? key.split("_")[1] };
  const text = `${part(head)}.${part(claims)}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}
const claims = (more: object = {}) => ({
  sub: "bob",
  iat: nowSeconds(),
  exp: nowSeconds() + 600,
  jti: "j1",
  scope: "listen",
  ...more,
});

describe("API keys", () => {
  test("authenticate the app on any method", async () => {
    const { status, body } = await ask("/may/send", bearer(app.key), "POST");
    expect(status).toBe(200);
    expect(body).toMatchObject({ app: app.app, via: "key", keyId: app.keyId, cookie: false, limits: {} });
    expect((await ask("/may/send", { Authorization: `bearer   ${app.key}` })).status).toBe(200);
  });

  test("that are missing, wrong, mistyped or foreign are 401 without an echo", async () => {
    const other = newApiKey().text;
    const mixed = `${app.key.slice(0, 16)}${other.slice(16)}`;
    for (const key of ["", "x", other, mixed, `${app.key}x`, app.key.slice(0, -1), "dgm_", "a.b.c", "%00", "../.."]) {
      const { status, raw, headers } = await ask("/may/send", bearer(key));
      expect(status).toBe(401);
      expect(headers.get("content-type")).toBe("application/problem+json");
      expect(JSON.parse(raw).code).toBe("unauthenticated");
      if (key.length > 8) expect(raw).not.toContain(key);
    }
    expect((await ask("/may/send")).status).toBe(401);
    expect((await ask("/may/send", { Authorization: `Basic ${app.key}` })).status).toBe(401);
    expect((await ask(`/may/send?token=${app.key}`)).status).toBe(401);
    expect(
      (await ask("/may/send", { Cookie: `dragoman_token=${app.key}`, "Sec-Fetch-Site": "same-origin" })).status,
    ).toBe(401);
  });

  test("allow exactly their scopes", async () => {
    const narrow = await fixture.registry.createApp("narrow", ["listen"]);
    expect((await ask("/may/listen", bearer(narrow.key))).status).toBe(200);
    for (const scope of ["send", "accounts", "tokens"]) {
      const { status, body } = await ask(`/may/${scope}`, bearer(narrow.key));
      expect([status, body.code]).toEqual([403, "forbidden"]);
    }
  });

  test("are refused within 3 s after a revocation, with their tokens", async () => {
    const gone = await fixture.registry.createApp("gone", SCOPES);
    const token = signed(claims(), { key: gone.key });
    expect((await ask("/may/send", bearer(gone.key))).status).toBe(200);
    expect((await ask("/events", bearer(token))).status).toBe(200);
    await fixture.registry.revoke(gone.keyId);
    fixture.clock.skewMs = 3_000;
    expect((await ask("/may/send", bearer(gone.key))).status).toBe(401);
    expect((await ask("/events", bearer(token))).status).toBe(204);
    expect((await ask("/may/listen", bearer(token))).status).toBe(401);
    fixture.clock.skewMs = 0;
  });

  test("are rate-limited with 429 when guessed; a valid key from the same address still works", async () => {
    const from = { "X-Forwarded-For": "198.51.100.7" };
    const statuses: number[] = [];
    for (let i = 0; i < 30; i++)
      statuses.push((await ask("/may/send", { ...from, ...bearer(newApiKey().text) })).status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(20);
    const refused = await ask("/may/send", { ...from, ...bearer("x.y.z") });
    expect([refused.status, refused.body.code]).toEqual([429, "rate-limited"]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await ask("/may/send", { ...from, ...bearer(app.key) })).status).toBe(200);
    expect((await ask("/may/send", { ...from })).status).toBe(401);
    expect((await ask("/may/send", bearer(newApiKey().text))).status).toBe(401);
  });
});

describe("listener tokens", () => {
  test("signed by the app pass with their limits, aliases resolved", async () => {
    const token = signed(
      claims({ scope: "send listen", actors: ["bob@example.com"], platforms: ["smtp", "x"], verbs: [] }),
    );
    const { status, body } = await ask("/events", bearer(token));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      app: app.app,
      via: "token",
      subject: "bob",
      jti: "j1",
      limits: { actors: ["bob@example.com"], platforms: ["email", "x"], verbs: [] },
    });
    expect(body.expiresAt - body.issuedAt).toBe(600);
    expect(body.scopes.toSorted()).toEqual(["listen", "send"]);
  });

  test("default to listen, and never exceed listen and send", async () => {
    const { sub, iat, exp } = claims();
    expect((await ask("/events", bearer(signed({ sub, iat, exp })))).status).toBe(200);
    expect((await ask("/may/send", bearer(signed({ sub, iat, exp })), "POST")).status).toBe(403);
    const greedy = signed(claims({ scope: "listen send accounts tokens admin" }));
    expect((await ask("/may/accounts", bearer(greedy))).status).toBe(403);
    expect((await ask("/may/tokens", bearer(greedy))).status).toBe(403);
    const narrow = await fixture.registry.createApp("sender", ["send", "tokens"]);
    expect((await ask("/events", bearer(signed(claims(), { key: narrow.key })))).status).toBe(403);
    const mute = await fixture.registry.createApp("mute", ["send", "listen"]);
    expect((await ask("/events", bearer(signed(claims(), { key: mute.key })))).status).toBe(403);
  });

  test("end a stream when expired and are 401 elsewhere, with 30 s of tolerance", async () => {
    const aged = (seconds: number) => signed(claims({ iat: nowSeconds() - 700, exp: nowSeconds() - seconds }));
    expect((await ask("/events", bearer(aged(20)))).status).toBe(200);
    expect((await ask("/events", bearer(aged(40)))).status).toBe(204);
    expect((await ask("/socket", bearer(aged(40)))).status).toBe(204);
    expect((await ask("/may/listen", bearer(aged(40)))).status).toBe(401);
    const young = (seconds: number) => signed(claims({ iat: nowSeconds() + seconds }));
    expect((await ask("/events", bearer(young(20)))).status).toBe(200);
    expect((await ask("/events", bearer(young(45)))).status).toBe(401);
    expect((await ask("/events", bearer(signed(claims({ nbf: nowSeconds() + 60 }))))).status).toBe(401);
  });

  test("with a wrong claim are refused with the claim's name", async () => {
    const now = nowSeconds();
    for (const wrong of [
      { exp: now + 86_401 },
      { exp: undefined },
      { iat: undefined },
      { exp: "tomorrow" },
      { iat: "today" },
      { actors: "bob" },
      { platforms: [1] },
      { verbs: { send: true } },
      { sub: "" },
      { sub: "a\nb" },
      { jti: "a b" },
      { scope: ["listen"] },
      { scope: "x".repeat(200) },
    ]) {
      const { status, body } = await ask("/events", bearer(signed(claims({ iat: now, ...wrong }))));
      expect([JSON.stringify(wrong), status, body?.code]).toEqual([JSON.stringify(wrong), 401, "unauthenticated"]);
    }
    expect((await ask("/events", bearer(signed(claims({ iat: now, exp: now + 86_400 }))))).status).toBe(200);
  });

  test("with another algorithm, key or header are refused", async () => {
    const secret = createHmac("sha256", app.key).update("listener").digest();
    const other = await fixture.registry.createApp("other", SCOPES);
    const longer = await new SignJWT(claims()).setProtectedHeader({ alg: "HS512", kid: app.keyId }).sign(secret);
    const none = new UnsecuredJWT(claims()).encode();
    const noneWithKid = `${part({ alg: "none", kid: app.keyId })}.${part(claims())}.`;
    const [head, body, mac] = signed(claims()).split(".") as [string, string, string];
    const tricks = [
      longer,
      none,
      noneWithKid,
      `${head}.${body}.`,
      `${head}.${part(claims({ scope: "send" }))}.${mac}`,
      `${part({ alg: "none", kid: app.keyId })}.${body}.${mac}`,
      signed(claims(), { header: { alg: "RS256", kid: app.keyId } }),
      signed(claims(), { header: { alg: "HS256" } }),
      signed(claims(), { header: { alg: "HS256", kid: app.keyId, crit: ["x"], x: 1 } }),
      signed(claims(), { header: { alg: "HS256", kid: app.keyId, b64: false, crit: ["b64"] } }),
      signed(claims(), { header: { alg: "HS256", kid: other.keyId } }),
      signed(claims(), { key: other.key, kid: app.keyId }),
      ...["../../../etc/passwd", "{dgm}:apps", "0123456789AB", `${app.keyId}\0`, ["x"], { a: 1 }, "__proto__", 7].map(
        (kid) => signed(claims(), { kid }),
      ),
      `${head}.${body}.${mac}.${mac}`,
      "..",
      `${"a".repeat(9_000)}.b.c`,
    ];
    for (const trick of tricks) {
      const { status, body: problem } = await ask("/events", bearer(trick));
      expect([trick.slice(0, 60), status, problem?.code]).toEqual([trick.slice(0, 60), 401, "unauthenticated"]);
    }
    const evilKey = part({ kty: "oct", k: Buffer.from("x").toString("base64url") });
    expect(
      (
        await ask(
          "/events",
          bearer(signed(claims(), { key: "x", header: { alg: "HS256", kid: app.keyId, jwk: evilKey } })),
        )
      ).status,
    ).toBe(401);
  });

  test("are refused after any change", async () => {
    const token = signed(claims());
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: token.length - 2 }),
        fc.constantFrom("A", "z", "-", "."),
        async (i, letter) => {
          fc.pre(token[i] !== letter && i !== token.length - 1);
          const { status } = await ask("/events", bearer(token.slice(0, i) + letter + token.slice(i + 1)));
          expect(status).toBe(401);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("the token cookie", () => {
  const cookie = (more: object = {}): Headers => ({
    Cookie: `site=1; dragoman_token=${signed(claims({ scope: "listen send", ...more }))}; z="q"`,
  });
  const EVIL = [
    "null",
    "https://evil.example",
    "http://shop.example",
    "https://shop.example:8443",
    "https://shop.example.evil.example",
    "https://evilshop.example",
    "https://www.shop.example",
    "https://shop.exampl",
    "https://shop.example/",
    "HTTPS://SHOP.EXAMPLE",
    "https://shop.example, https://evil.example",
    "https://evil.example, https://shop.example",
    "https://shop.example@evil.example",
    "https://shop.example%00.evil.example",
    "http://localhost",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "file://",
    "chrome-extension://abc",
    "*",
    "",
  ];

  test("authenticates pages of the same origin and of allowed origins", async () => {
    const own = new URL(fixture.url).origin;
    for (const headers of [
      { Origin: own },
      { Origin: own, "Sec-Fetch-Site": "same-origin" },
      { "Sec-Fetch-Site": "same-origin" },
      { Origin: "https://shop.example", "Sec-Fetch-Site": "cross-site" },
    ]) {
      expect((await ask("/may/send", { ...cookie(), ...(headers as Headers) }, "POST")).status).toBe(200);
      expect((await ask("/events", { ...cookie(), ...(headers as Headers) })).body).toMatchObject({
        cookie: true,
        via: "token",
      });
    }
    const proxied = {
      "X-Forwarded-Proto": "https",
      "X-Forwarded-Host": "site.example",
      Origin: "https://site.example",
    };
    expect((await ask("/events", { ...cookie(), ...proxied })).status).toBe(200);
    expect((await ask("/events", cookie())).status).toBe(200);
  });

  test.each(EVIL)("is rejected from a page of %j, without CORS headers", async (origin) => {
    for (const [path, method] of [
      ["/events", "GET"],
      ["/socket", "GET"],
      ["/may/send", "POST"],
    ] as const) {
      const { status, headers } = await ask(path, { ...cookie(), Origin: origin }, method);
      expect([path, status]).toEqual([path, 403]);
      expect(headers.get("access-control-allow-origin")).toBeNull();
      expect(headers.get("access-control-allow-credentials")).toBeNull();
      expect(headers.get("vary")).toContain("Origin");
    }
    const preflight = await ask("/may/send", { Origin: origin, "Access-Control-Request-Method": "POST" }, "OPTIONS");
    expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
    expect(preflight.headers.get("access-control-allow-methods")).toBeNull();
  });

  test("is rejected by fetch metadata alone, and needs an Origin for a POST", async () => {
    for (const site of ["cross-site", "same-site"]) {
      expect((await ask("/events", { ...cookie(), "Sec-Fetch-Site": site })).status).toBe(403);
      expect((await ask("/may/send", { ...cookie(), "Sec-Fetch-Site": site }, "POST")).status).toBe(403);
    }
    expect((await ask("/may/send", { ...cookie(), "Sec-Fetch-Site": "none" }, "POST")).status).toBe(403);
    expect((await ask("/may/send", cookie(), "POST")).status).toBe(403);
    expect((await ask("/events", { ...cookie(), "Sec-Fetch-Site": "none" })).status).toBe(200);
  });

  test("allows listed origins by CORS, preflights included", async () => {
    const origin = "https://shop.example";
    const answer = await ask("/may/send", { ...bearer(app.key), Origin: origin });
    expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
    expect(answer.headers.get("access-control-allow-credentials")).toBe("true");
    const preflight = await ask("/may/send", { Origin: origin, "Access-Control-Request-Method": "POST" }, "OPTIONS");
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-headers")).toContain("Authorization");
  });

  test("accepts Sec-Fetch-Site where a proxy hides the scheme, not for another host", async () => {
    const tls = new URL(fixture.url).origin.replace("http:", "https:");
    expect((await ask("/events", { ...cookie(), Origin: tls, "Sec-Fetch-Site": "same-origin" })).status).toBe(200);
    expect((await ask("/events", { ...cookie(), Origin: tls })).status).toBe(403);
    expect(
      (await ask("/events", { ...cookie(), Origin: "https://evil.example", "Sec-Fetch-Site": "same-origin" })).status,
    ).toBe(403);
  });
});

describe("the client's address", () => {
  const addressOf = async (
    trust: number | readonly string[],
    forwarded: string,
    socketPath?: string,
  ): Promise<string> => {
    const { clientIp } = proxyTrust(trust);
    const server = createServer((req, res) => res.end(clientIp(req)));
    const listenAddress = socketPath === undefined ? { port: 0, host: "127.0.0.1" } : { path: socketPath };
    await new Promise<void>((done) => server.listen(listenAddress, done));
    const address = server.address();
    const to = typeof address === "string" ? { socketPath: address } : { port: address?.port, host: "127.0.0.1" };
    const headers = forwarded === "" ? {} : { "X-Forwarded-For": forwarded };
    const answer = await new Promise<IncomingMessage>((done) => request({ ...to, headers, agent: false }, done).end());
    const found = await text(answer);
    await new Promise((done) => server.close(done));
    return found;
  };

  test("is taken from X-Forwarded-For of trusted proxies only", async () => {
    expect(await addressOf(["loopback"], "198.51.100.1")).toBe("198.51.100.1");
    expect(await addressOf(["loopback"], "6.6.6.6, 198.51.100.1")).toBe("198.51.100.1");
    expect(await addressOf(["10.0.0.0/8"], "198.51.100.1")).toBe("127.0.0.1");
    expect(await addressOf(["loopback", "198.51.100.0/24"], "6.6.6.6, 198.51.100.1")).toBe("6.6.6.6");
    expect(await addressOf(0, "198.51.100.1")).toBe("127.0.0.1");
    expect(await addressOf(1, "6.6.6.6, 198.51.100.1")).toBe("198.51.100.1");
    expect(await addressOf(2, "6.6.6.6, 198.51.100.1")).toBe("6.6.6.6");
    expect(await addressOf(["loopback"], "not an address")).toBe("127.0.0.1");
    expect(await addressOf(["loopback"], "")).toBe("127.0.0.1");
  });

  const headersOf = async (trust: number | readonly string[], header: string, headers: Record<string, string>) => {
    const { clientIp, ownOrigin } = proxyTrust(trust, header);
    const server = createServer((req, res) => res.end(`${clientIp(req)} ${ownOrigin(req)}`));
    await new Promise<void>((done) => server.listen({ port: 0, host: "127.0.0.1" }, done));
    const { port } = server.address() as AddressInfo;
    const to = { port, host: "127.0.0.1", headers: { Host: "gate.example", ...headers }, agent: false };
    const answer = await new Promise<IncomingMessage>((done) => request(to, done).end());
    const found = await text(answer);
    await new Promise((done) => server.close(done));
    return found;
  };

  test.each([
    ["for=198.51.100.1;proto=https;host=shop.example", ["loopback"], "198.51.100.1 https://shop.example"],
    ['for="[2001:db8::1]:4711"', ["loopback"], "2001:db8::1 http://gate.example"],
    [
      "for=6.6.6.6;host=evil.example, for=198.51.100.1;host=shop.example",
      ["loopback"],
      "198.51.100.1 http://shop.example",
    ],
    ["for=6.6.6.6;proto=https, for=198.51.100.1", 2, "6.6.6.6 https://gate.example"],
    ["for=6.6.6.6, for=_hidden;proto=https", ["loopback"], "127.0.0.1 https://gate.example"],
    ["for=198.51.100.1;proto=https", ["10.0.0.0/8"], "127.0.0.1 http://gate.example"],
    ["for=198.51.100.1;;=", ["loopback"], "127.0.0.1 http://gate.example"],
  ])("is taken from Forwarded where the setting says so: %s", async (forwarded, trust, expected) => {
    const others = { "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https" };
    expect(await headersOf(trust, "forwarded", { Forwarded: forwarded, ...others })).toBe(expected);
  });

  test("is taken from a CDN's own header where the setting says so, never from X-Forwarded-For then", async () => {
    const sent = { "CF-Connecting-IP": "198.51.100.1", "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https" };
    expect(await headersOf(["loopback"], "cf-connecting-ip", sent)).toBe("198.51.100.1 https://gate.example");
    expect(await headersOf(["10.0.0.0/8"], "cf-connecting-ip", sent)).toBe("127.0.0.1 http://gate.example");
    expect(await headersOf(["loopback"], "cf-connecting-ip", { "X-Forwarded-For": "6.6.6.6" })).toBe(
      "127.0.0.1 http://gate.example",
    );
  });

  test("counts a unix socket as one trusted hop", async () => {
    const path = join(fixture.redis.dir, "http.sock");
    expect(await addressOf(["loopback"], "198.51.100.1", path)).toBe("198.51.100.1");
    expect(await addressOf(1, "6.6.6.6, 198.51.100.1", path)).toBe("198.51.100.1");
    expect(await addressOf(0, "198.51.100.1", path)).toBe("198.51.100.1");
    expect(await addressOf(["loopback"], "", path)).toBe("unix");
  });
});
