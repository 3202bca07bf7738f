import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adminTokens } from "../../src/console/admin-tokens.ts";
import { keys } from "../../src/redis/keys.ts";
import { gateway } from "../support/gateway.ts";
import { type Conformance, conform } from "../support/openapi-conformance.ts";
import { xSimulator } from "../support/x-simulator.ts";
import { announce, type Call, callsTo, knock, listen } from "./calls.ts";
import { beginning, consents, NO_STATE } from "./consent-calls.ts";
import { challenges, NO_DOOR, page, pushes } from "./inbound-calls.ts";

type Gateway = Awaited<ReturnType<typeof gateway>>;

const activity = {
  platform: "dummy",
  verb: "echo",
  actor: { address: "alice" },
  target: { address: "bob" },
  object: { body: "Hi" },
};
const mail = { host: "smtp.example.com", user: "bob", password: "a password" };
const account = { platform: "email", address: "bob@example.com", credentials: mail };
const suppression = { platform: "email", address: "yan@example.org", detail: "unsubscribed" };
const hook = { url: "https://example.org/hook" };
/** Activity that ends undelivered: the requested wait exceeds its lifetime. */
const doomed = {
  ...activity,
  verb: "fail",
  object: { kind: "retryable", retryAfterMs: 60_000 },
  options: { expiresIn: 30 },
};
const BODIES: Readonly<Record<string, unknown>> = {
  "post /activities": activity,
  "put /accounts": account,
  "post /accounts/twitter/connect": beginning,
  "put /hooks/conform": hook,
  "post /hooks/conform/replay": { after: "latest" },
  "post /tokens": {},
  "post /suppressions": suppression,
  "post /revocations": { jti: "none" },
};
/** Every operation that requires authentication, except the socket. */
const GUARDED = [
  "post /activities",
  "get /activities",
  "get /activities/none",
  "delete /activities/none",
  "get /events",
  "put /accounts",
  "get /accounts",
  "get /accounts/none",
  "delete /accounts/none",
  "post /accounts/twitter/connect",
  "get /accounts/twitter/connect/none",
  "get /hooks",
  "put /hooks/conform",
  "get /hooks/conform",
  "delete /hooks/conform",
  "get /hooks/conform/deliveries",
  "post /hooks/conform/test",
  "post /hooks/conform/replay",
  "get /dead-letters",
  "get /dead-letters/none",
  "delete /dead-letters/none",
  "post /dead-letters/none/replay",
  "get /suppressions",
  "post /suppressions",
  "delete /suppressions/none",
  "post /tokens",
  "post /revocations",
];
/** Operations that need the scope `send`. */
const SENDING = /^(post \/activities|\w+ \/activities\/|\w+ \/(dead-letters|suppressions))/;
const guarded: readonly Call[] = GUARDED.map((text) => {
  const [method, path] = text.split(" ") as [Call["method"], string];
  const headers = path === "/events" ? { Accept: "application/json" } : {};
  return { method, path, headers, ...(BODIES[text] === undefined ? {} : { body: BODIES[text] }) };
});
const withBody = guarded.filter(({ body }) => body !== undefined);
const WRONG = "dgm_AAAAAAAAAAAAAAAA_wrong_000000";

describe("every documented operation and status", () => {
  let gw: Gateway;
  let key: string;
  /** Of an app with a dead letter `left`. */
  let poor: string;
  let contract: Conformance;
  let call: ReturnType<typeof callsTo>;
  /** Sends a request, checks the answer against the document, and returns the answer. */
  const checked = async (request: Call) => contract.seen(await call(request));
  const expectCode = async (request: Call, status: number, code: string) => {
    const { status: got, body } = await checked(request);
    expect({ status: got, code: body.code }).toEqual({ status, code });
    return body;
  };

  beforeAll(async () => {
    gw = await gateway({ PLATFORMS: "+dummy" });
    contract = conform(gw.document);
    call = callsTo(gw.url);
    key = await gw.keyOf("all");
  });
  afterAll(() => gw.stop());

  it("activities: accept, repeat, list, await, look up", async () => {
    const first = await checked({ method: "post", path: "/activities", key, body: { rid: "one", ...activity } });
    expect(first.status).toBe(202);
    expect(first.headers.location).toBe("/gateway/activities/one");
    const again = await checked({ method: "post", path: "/activities", key, body: { rid: "one", ...activity } });
    expect(again.headers["idempotent-replayed"]).toBe("true");
    const list = await checked({
      method: "post",
      path: "/activities",
      key,
      body: [activity, { ...activity, verb: "no" }],
    });
    expect(list.body.map(({ type }: { type: string }) => type)).toEqual(["confirm", "refused"]);
    const awaited = await checked({
      method: "post",
      path: "/activities",
      key,
      body: activity,
      headers: { Prefer: "wait=20" },
    });
    expect([awaited.status, awaited.body.status]).toEqual([200, "sent"]);
    const standing = await checked({ method: "get", path: `/activities/${awaited.body.rid}`, key });
    expect(standing.body.result.status).toBe("sent");
    const listed = await checked({ method: "get", path: "/activities?status=sent&limit=2", key });
    expect(listed.body.activities).toHaveLength(2);
    await expectCode({ method: "get", path: "/activities?state=sent", key }, 400, "bad-parameter");
  });

  it("activities: a list that is switched off", async () => {
    const off = await gateway({ HISTORY: "off" }, { works: false });
    try {
      const answer = contract.seen(
        await callsTo(off.url)({ method: "get", path: "/activities", key: await off.keyOf("x") }),
      );
      expect([answer.status, answer.body.code]).toEqual([503, "not-configured"]);
    } finally {
      await off.stop();
    }
  });

  it("activities: cancel, and cancel too late", async () => {
    const later = { ...activity, rid: "later", options: { sendAt: new Date(Date.now() + 3_600_000).toISOString() } };
    await checked({ method: "post", path: "/activities", key, body: later });
    const cancelled = await checked({ method: "delete", path: "/activities/later", key });
    expect([cancelled.status, cancelled.body.status]).toEqual([200, "cancelled"]);
    await expectCode({ method: "delete", path: "/activities/later", key }, 409, "too-late");
  });

  it("activities: each refusal code", async () => {
    const post = (body: object, headers = {}) => ({ method: "post", path: "/activities", key, body, headers }) as const;
    await expectCode(post({ ...activity, rid: "one", verb: "send" }), 422, "rid-reused");
    await expectCode(post({ ...activity, platform: "pigeon" }), 422, "platform-unknown");
    await expectCode(post({ ...activity, verb: "fly" }), 422, "verb-not-supported");
    await expectCode(post({ ...activity, platform: "shy" }), 422, "recipient-not-reachable");
    const letter = {
      ...activity,
      platform: "email",
      verb: "send",
      actor: { address: "no@account.org" },
      target: { address: "a@b.org" },
    };
    await expectCode(post(letter), 422, "account-unknown");
    await expectCode(post(activity, { "Idempotency-Key": "not an rid" }), 400, "bad-parameter");
    await expectCode(post({ ...activity, object: { body: "x".repeat(65_536) } }), 413, "payload-too-large");
  });

  it("activities: the quota of unfinished activities", async () => {
    const small = await gateway({ PLATFORMS: "+dummy", QUOTA: "1" });
    try {
      const later = { ...activity, options: { sendAt: new Date(Date.now() + 3_600_000).toISOString() } };
      const post = { method: "post", path: "/activities", key: await small.keyOf("small"), body: later } as const;
      const headers = { Prefer: "wait=20" };
      contract.seen(await callsTo(small.url)({ ...post, headers, body: { ...doomed, rid: "dead" } }));
      contract.seen(await callsTo(small.url)(post));
      const replayed = await callsTo(small.url)({ ...post, path: "/dead-letters/dead/replay", body: undefined });
      expect(contract.seen(replayed).body.code).toBe("quota-exceeded");
      const refused = contract.seen(await callsTo(small.url)(post));
      expect(refused.body.code).toBe("quota-exceeded");
      expect(refused.headers["retry-after"]).toBeDefined();
    } finally {
      await small.stop();
    }
  });

  it("events: stream, gap, poll, and their refusals", async () => {
    const stream = await listen(gw.url, "/gateway/events?after=earliest&named=1", key, /event: result[\s\S]*\n\n/);
    contract.check(stream);
    expect(stream.text).toContain("event: ready");
    contract.check(await listen(gw.url, "/gateway/events?after=lost", key, /event: gap[\s\S]*\n\n/));
    const json = { method: "get", key, headers: { Accept: "application/json" } } as const;
    const poll = await checked({ ...json, path: "/events?after=earliest" });
    const types = poll.body.events.map(({ type }: { type: string }) => type);
    expect(types.filter((type: string) => type === "result").length).toBeGreaterThan(2);
    for (const type of ["application/cloudevents-batch+json", "application/activity+json"]) {
      const page = await checked({ ...json, path: "/events?after=earliest", headers: { Accept: type } });
      expect([page.status, page.headers.link]).toEqual([200, expect.stringMatching(/^<\?after=.*>; rel="next"$/)]);
    }
    await expectCode({ ...json, path: "/events?wait=long" }, 400, "bad-parameter");
    await expectCode({ ...json, path: "/events", headers: { Accept: "text/plain" } }, 406, "not-acceptable");
  });

  it("tokens and revocations: a revoked token's stream ends with 204", async () => {
    const { body } = await checked({ method: "post", path: "/tokens", key, body: { sub: "user-1", ticket: false } });
    const { token, jti } = body;
    expect(
      (await checked({ method: "get", path: "/events", key: token, headers: { Accept: "application/json" } })).status,
    ).toBe(200);
    expect((await checked({ method: "post", path: "/revocations", key, body: { jti } })).status).toBe(204);
    contract.check(await listen(gw.url, "/gateway/events", token, /./));
    await expectCode(
      { method: "post", path: "/tokens", key, body: { platforms: ["pigeon"] } },
      422,
      "platform-unknown",
    );
  });

  it("accounts: store, replace, show, delete, and the limit", async () => {
    const put = { method: "put", path: "/accounts", key, body: account } as const;
    const created = await checked(put);
    expect([created.status, JSON.stringify(created.body).includes("a password")]).toEqual([201, false]);
    expect((await checked(put)).status).toBe(200);
    const path = `/accounts/${created.body.id}`;
    expect((await checked({ method: "get", path: "/accounts", key })).body.accounts).toHaveLength(1);
    await checked({ method: "get", path, key });
    expect((await checked({ method: "delete", path, key })).status).toBe(204);
    await expectCode({ method: "get", path: "/accounts?limit=0", key }, 400, "bad-parameter");
    await expectCode({ ...put, body: { ...account, platform: "pigeon" } }, 422, "platform-unknown");
    const { app, key: rich } = await gw.registry.createApp("rich", ["accounts"]);
    await gw.client.eval("for i = 1, 100000 do redis.call('SADD', KEYS[1], i) end", 1, keys.accounts(app));
    await expectCode({ ...put, key: rich }, 429, "quota-exceeded");
  });

  it("hooks: store, change, show, test, replay, delete, and the limit", async () => {
    const put = { method: "put", path: "/hooks/conform", key, body: hook } as const;
    expect((await checked(put)).status).toBe(201);
    expect((await checked(put)).status).toBe(200);
    for (const path of ["/hooks", "/hooks/conform", "/hooks/conform/deliveries"]) {
      expect((await checked({ method: "get", path, key })).status).toBe(200);
    }
    expect((await checked({ method: "post", path: "/hooks/conform/test", key })).status).toBe(202);
    const replay = { method: "post", path: "/hooks/conform/replay", key, body: { after: "latest" } } as const;
    expect((await checked(replay)).status).toBe(202);
    await expectCode({ ...put, body: { ...hook, platforms: ["pigeon"] } }, 422, "platform-unknown");
    await expectCode({ method: "get", path: "/hooks/conform/deliveries?limit=0", key }, 400, "bad-parameter");
    for (const [method, path, body] of [
      ["put", "/hooks/%ZZ", hook],
      ["get", "/hooks/%ZZ", undefined],
      ["delete", "/hooks/%ZZ", undefined],
      ["post", "/hooks/%ZZ/test", undefined],
      ["post", "/hooks/%ZZ/replay", { after: "latest" }],
    ] as const) {
      await expectCode({ method, path, key, body }, 400, "bad-parameter");
    }
    for (const [method, path] of [
      ["get", "/hooks/none"],
      ["delete", "/hooks/none"],
      ["get", "/hooks/none/deliveries"],
      ["post", "/hooks/none/test"],
    ] as const) {
      await expectCode({ method, path, key }, 404, "not-found");
    }
    await expectCode({ ...replay, path: "/hooks/none/replay" }, 404, "not-found");
    const { app, key: off } = await gw.registry.createApp("off", ["accounts", "listen"]);
    await checked({ ...put, key: off });
    await gw.client.hset(keys.hook(app, "conform"), "state", "disabled");
    await expectCode({ method: "post", path: "/hooks/conform/test", key: off }, 409, "hook-disabled");
    expect((await checked({ method: "delete", path: "/hooks/conform", key: off })).status).toBe(204);
    await gw.client.eval("for i = 1, 20 do redis.call('SADD', KEYS[1], i) end", 1, keys.hooks(app));
    await expectCode({ ...put, key: off }, 429, "quota-exceeded");
  });

  it("dead letters: list, show, replay, delete", async () => {
    const { app, key: fresh } = await gw.registry.createApp("poor", ["send"]);
    poor = fresh;
    const dead = async (rid: string, change: object = {}) => {
      const headers = { Prefer: "wait=20" };
      await checked({ method: "post", path: "/activities", key: poor, body: { ...doomed, rid }, headers });
      const record = keys.record(app, rid);
      const body = JSON.parse((await gw.client.hget(record, "body")) as string);
      await gw.client.hset(record, "body", JSON.stringify({ ...body, ...change }));
    };
    await dead("dead");
    expect((await checked({ method: "get", path: "/dead-letters", key: poor })).body.deadLetters).toHaveLength(1);
    expect((await checked({ method: "get", path: "/dead-letters/dead", key: poor })).status).toBe(200);
    const replay = { method: "post", path: "/dead-letters/dead/replay", key: poor } as const;
    const first = await checked(replay);
    expect([first.status, (await checked(replay)).body]).toEqual([202, first.body]);
    expect((await checked({ method: "delete", path: "/dead-letters/dead", key: poor })).status).toBe(204);
    await expectCode(replay, 404, "not-found");
    await dead("gone", { object: { ...doomed.object, attachments: [{ name: "a.txt" }] } });
    await expectCode({ ...replay, path: "/dead-letters/gone/replay" }, 409, "content-gone");
    const mail = { platform: "email", verb: "send", actor: { address: "no@account.org" }, object: { body: "Hi" } };
    await dead("loginless", { ...mail, target: [{ address: "a@b.org" }] });
    await expectCode({ ...replay, path: "/dead-letters/loginless/replay" }, 422, "account-unknown");
    await dead("left");
    await dead("strange", { platform: "pigeon" });
    await expectCode({ ...replay, path: "/dead-letters/strange/replay" }, 422, "platform-unknown");
    await expectCode({ method: "get", path: "/dead-letters?limit=0", key: poor }, 400, "bad-parameter");
    for (const [method, path] of [
      ["get", ""],
      ["delete", ""],
      ["post", "/replay"],
    ] as const) {
      await expectCode({ method, path: `/dead-letters/%ZZ${path}`, key: poor }, 400, "bad-parameter");
      if (method !== "post")
        await expectCode({ method, path: `/dead-letters/none${path}`, key: poor }, 404, "not-found");
    }
  });

  it("suppressions: add, list, lift", async () => {
    const { app, key: fresh } = await gw.registry.createApp("suppressing", ["send"]);
    const add = { method: "post", path: "/suppressions", key: fresh, body: suppression } as const;
    const first = await checked(add);
    expect([first.status, first.body]).toMatchObject([201, { ...suppression, reason: "added" }]);
    expect([(await checked(add)).status, (await checked(add)).body]).toEqual([200, first.body]);
    const list = { method: "get", path: "/suppressions?address=YAN@example.org", key: fresh } as const;
    expect((await checked(list)).body).toEqual({ suppressions: [first.body] });
    await expectCode({ ...add, body: { ...suppression, platform: "pigeon" } }, 422, "platform-unknown");
    await expectCode({ ...add, body: { ...suppression, platform: "dummy" } }, 422, "validation-failed");
    await expectCode({ ...add, body: { ...suppression, address: "nobody" } }, 422, "validation-failed");
    for (const query of ["limit=0", "limit=101", "after=x", "addres=x"])
      await expectCode({ ...list, path: `/suppressions?${query}` }, 400, "bad-parameter");
    const lift = { method: "delete", path: `/suppressions/${first.body.id}`, key: fresh } as const;
    expect((await checked(lift)).status).toBe(204);
    await expectCode(lift, 404, "not-found");
    await expectCode({ ...lift, path: "/suppressions/%ZZ" }, 400, "bad-parameter");
    const fill = "for i = 1, 10000 do redis.call('HSET', KEYS[1], i, '{}') end";
    await gw.client.eval(fill, 1, keys.suppressions(app));
    await expectCode(add, 429, "quota-exceeded");
  });

  it("administration: apps and keys, and each refusal", async () => {
    const tokens = adminTokens({ redis: gw.client });
    const textOf = async (role: "admin" | "viewer") => (await tokens.create({ name: role, role }, 1))?.text ?? "";
    const [key, viewer] = await Promise.all([textOf("admin"), textOf("viewer")]);
    const create = { method: "post", path: "/admin/apps", key, body: { name: "by-admin" } } as const;
    const { body: made, status } = await checked(create);
    expect(status).toBe(201);
    const second = { method: "post", path: `/admin/apps/${made.app}/keys`, key, body: {} } as const;
    expect((await checked(second)).status).toBe(201);
    const revoke = { method: "delete", path: `/admin/apps/${made.app}/keys/${made.keyId}`, key } as const;
    expect((await checked(revoke)).status).toBe(204);
    const list = { method: "get", path: "/admin/apps", key } as const;
    expect((await checked(list)).status).toBe(200);
    await expectCode({ ...list, path: "/admin/apps?x=1" }, 400, "bad-parameter");
    await expectCode({ ...second, path: "/admin/apps/none/keys" }, 404, "not-found");
    await expectCode({ ...second, path: "/admin/apps/%ZZ/keys" }, 400, "bad-parameter");
    await expectCode({ ...revoke, path: `/admin/apps/${made.app}/keys/none` }, 404, "not-found");
    await expectCode({ ...revoke, path: `/admin/apps/${made.app}/keys/%ZZ` }, 400, "bad-parameter");
    for (const changing of [create, second, revoke]) await expectCode({ ...changing, key: viewer }, 403, "forbidden");
    for (const posting of [create, second]) {
      await expectCode({ ...posting, body: "{" }, 400, "malformed-json");
      const headers = { "Content-Type": "text/plain" };
      await expectCode({ ...posting, body: "a=1", headers }, 415, "unsupported-media-type");
      await expectCode({ ...posting, body: { surprise: 1 } }, 422, "validation-failed");
      contract.check(await announce(gw.url, posting, 15 * 1024 * 1024));
    }
    const guesser = { "X-Forwarded-For": "203.0.113.77" };
    for (const { key: _, ...operation } of [list, create, second, revoke])
      await expectCode(operation, 401, "unauthenticated");
    for (let count = 0; count < 20; count++) await call({ ...list, key: WRONG, headers: guesser });
    for (const operation of [list, create, second, revoke])
      await expectCode({ ...operation, key: WRONG, headers: guesser }, 429, "rate-limited");
  });

  it("platforms and the document itself: public, and 304 when unchanged", async () => {
    for (const path of ["/platforms", "/platforms/smtp", "/openapi.json"]) {
      const first = await checked({ method: "get", path });
      expect(first.status).toBe(200);
      const again = await checked({ method: "get", path, headers: { "If-None-Match": first.headers.etag as string } });
      expect(again.status).toBe(304);
    }
    await expectCode({ method: "get", path: "/platforms/pigeon" }, 404, "not-found");
    await expectCode({ method: "get", path: "/platforms/%ZZ" }, 400, "bad-parameter");
  });

  it("unknown paths and methods", async () => {
    for (const method of ["get", "delete"] as const) {
      for (const path of ["/activities", "/accounts"]) {
        await expectCode({ method, path: `${path}/none`, key }, 404, "not-found");
        await expectCode({ method, path: `${path}/%ZZ`, key }, 400, "bad-parameter");
      }
    }
    await expectCode({ method: "get", path: "/nowhere", key }, 404, "not-found");
    // The path of the socket answers every caller that an upgrade is required.
    for (const path of Object.keys(gw.document.paths ?? {}).filter((name) => name !== "/socket")) {
      const { headers } = await checked({ method: "patch", path: path.replaceAll(/\{[^}]*\}/g, "x"), key });
      expect(headers.allow, path).toBeDefined();
    }
  });

  it("operator: health, readiness, metrics", async () => {
    for (const path of ["/healthz", "/readyz", "/metrics"])
      expect((await checked({ method: "get", path })).status).toBe(200);
    await expectCode(
      { method: "get", path: "/metrics", headers: { "X-Forwarded-For": "203.0.113.1" } },
      404,
      "not-found",
    );
  });

  it("bodies: malformed, of another type, too large, outside the schema", async () => {
    for (const operation of withBody) {
      await expectCode({ ...operation, key, body: "{" }, 400, "malformed-json");
      await expectCode(
        { ...operation, key, body: "a=1", headers: { "Content-Type": "text/plain" } },
        415,
        "unsupported-media-type",
      );
      const { errors } = await expectCode({ ...operation, key, body: { surprise: 1 } }, 422, "validation-failed");
      expect(errors[0].pointer).toBeTypeOf("string");
      const large = await announce(gw.url, { ...operation, key }, 15 * 1024 * 1024);
      contract.check(large);
      expect(large.status).toBe(413);
    }
  });

  it("authentication: missing, not allowed, rate-limited", async () => {
    const sender = await gw.keyOf("sender", ["send"]);
    const listener = await gw.keyOf("listener", ["listen"]);
    const guesser = { "X-Forwarded-For": "203.0.113.9" };
    for (const operation of guarded) {
      await expectCode(operation, 401, "unauthenticated");
      await expectCode(
        { ...operation, key: SENDING.test(`${operation.method} ${operation.path}`) ? listener : sender },
        403,
        "forbidden",
      );
    }
    for (let i = 0; i < 20; i++) await call({ method: "get", path: "/accounts", key: WRONG, headers: guesser });
    for (const operation of guarded) {
      await expectCode(
        { ...operation, key: WRONG, headers: { ...operation.headers, ...guesser } },
        429,
        "rate-limited",
      );
    }
    contract.check(await knock(gw.url, "", WRONG, guesser));
  });

  it("the socket: open, and refusals before the upgrade", async () => {
    const statuses = [];
    const evil = { Origin: "https://evil.example" };
    for (const [query, credential, headers] of [
      ["", key],
      ["?wait=long", key],
      ["", undefined],
      ["", key, evil],
    ] as const) {
      const answer = await knock(gw.url, query, credential, headers);
      contract.check(answer);
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([101, 400, 401, 403]);
    await expectCode({ method: "get", path: "/socket", key }, 426, "upgrade-required");
  });

  it("inbound: a network's challenge, signed and forged requests", async () => {
    const stored = await checked({ method: "put", path: "/accounts", key, body: page });
    const path = String(stored.body.inbound).replace("/gateway", "");
    await challenges(checked, path);
    await pushes(checked, path);
    contract.check(await announce(gw.url, { method: "post", path }, 2 * 1024 * 1024));
    for (const method of ["get", "post"] as const) {
      await expectCode({ method, path }, 403, "forbidden");
      await expectCode({ method, path: NO_DOOR }, 404, "not-found");
    }
    const slow = await gateway({ RATE: "1" });
    try {
      const { body } = await callsTo(slow.url)({
        method: "put",
        path: "/accounts",
        key: await slow.keyOf("slow"),
        body: page,
      });
      const there = { path: String(body.inbound).replace("/gateway", "") };
      for (const method of ["get", "post"] as const) {
        let status = 0;
        while (status !== 429) status = contract.seen(await callsTo(slow.url)({ method, ...there })).status;
      }
    } finally {
      await slow.stop();
    }
  });

  it("consents: start, end, refusals; refused without PUBLIC_URL", async () => {
    const x = await xSimulator();
    const env = { PUBLIC_URL: "https://gw.example.org", X_API_URL: x.origin, ALLOW_PRIVATE: "127.0.0.0/8" };
    const public_ = await gateway(env);
    try {
      const checked = async (request: Call) => contract.seen(await callsTo(public_.url)(request));
      await consents(checked, await public_.keyOf("consents"), x);
    } finally {
      await public_.stop();
      await x.stop();
    }
    const body = { client: beginning.client };
    await expectCode({ method: "post", path: "/accounts/twitter/connect", key, body }, 503, "not-configured");
    for (let status = 0; status !== 429; ) status = (await checked({ method: "get", path: NO_STATE })).status;
  });

  it("Redis down: 503 with Retry-After", async () => {
    const cut = await gateway({ PLATFORMS: "+dummy" });
    try {
      const unread = await cut.keyOf("unread");
      const admin = await adminTokens({ redis: cut.client }).create({ name: "admin", role: "admin" }, 1);
      await cut.redis.kill();
      const endpoints = [
        { method: "get", path: NO_DOOR } as const,
        { method: "post", path: NO_DOOR } as const,
        { method: "get", path: NO_STATE.replace("none", "A".repeat(43)) } as const,
      ];
      for (const operation of [...guarded, ...endpoints]) {
        const answer = contract.seen(await callsTo(cut.url)({ ...operation, key: unread }));
        expect([operation.path, answer.status, answer.body.code]).toEqual([operation.path, 503, "overloaded"]);
        expect(answer.headers["retry-after"]).toBeDefined();
      }
      contract.check(await knock(cut.url, "", unread));
      for (const [method, path] of [
        ["get", "/admin/apps"],
        ["post", "/admin/apps"],
        ["post", "/admin/apps/none/keys"],
        ["delete", "/admin/apps/none/keys/none"],
      ] as const) {
        const answer = await callsTo(cut.url)({ method, path, key: admin?.text ?? "" });
        expect([path, contract.seen(answer).body.code]).toEqual([path, "overloaded"]);
      }
    } finally {
      await cut.redis.start();
      await cut.stop();
    }
  });

  it("shutdown: 503 with Retry-After", async () => {
    const { body: account } = await checked({ method: "put", path: "/accounts", key, body: page });
    await gw.drain();
    for (const method of ["get", "post"] as const)
      await expectCode({ method, path: String(account.inbound).replace("/gateway", "") }, 503, "shutting-down");
    await expectCode({ method: "post", path: "/activities", key, body: activity }, 503, "shutting-down");
    await expectCode({ method: "post", path: "/dead-letters/left/replay", key: poor }, 503, "shutting-down");
    const consent = { method: "post", path: "/accounts/twitter/connect", key, body: beginning } as const;
    await expectCode(consent, 503, "shutting-down");
    const json = { Accept: "application/json" };
    await expectCode({ method: "get", path: "/events", key, headers: json }, 503, "shutting-down");
    contract.check(await knock(gw.url, "", key));
    expect((await checked({ method: "get", path: "/readyz" })).body.status).toBe("draining");
  });

  it("every operation and status of the document was exercised", () => {
    expect(contract.unexercised()).toEqual([]);
  });
});
