import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { HookAnswer, HookListAnswer, HookPutAnswer } from "../../../routes/resources/webhook-schemas.ts";
import { SCOPES } from "../../../src/model/caller.ts";
import { validationErrors } from "../../../src/model/validate.ts";
import { newWebhookSecret } from "../../../src/webhooks/secret.ts";
import { MAX_WEBHOOKS_PER_APP } from "../../../src/webhooks/webhook.ts";
import { dumpRedis } from "../../support/auth-fixture.ts";
import { gateway } from "../../support/gateway.ts";
import { webhookReceiver } from "../../support/webhook-receiver.ts";

let gw: Awaited<ReturnType<typeof gateway>>;
let receiver: Awaited<ReturnType<typeof webhookReceiver>>;
let key: string;
let rival: string;
beforeAll(async () => {
  gw = await gateway({ PLATFORMS: "+dummy", ALLOW_PRIVATE: "127.0.0.0/8" });
  receiver = await webhookReceiver();
  key = await gw.keyOf("shop");
  rival = await gw.keyOf("rival");
});
afterAll(async () => {
  await gw.stop();
  await receiver.stop();
});

const received: string[] = [];
async function call(method: string, path: string, body?: unknown, as = key) {
  const answer = await fetch(`${gw.url}/gateway${path}`, {
    method,
    headers: { Authorization: `Bearer ${as}`, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const raw = await answer.text();
  received.push(raw);
  return { status: answer.status, raw, body: raw === "" ? undefined : JSON.parse(raw) };
}
const echo = (rid: string) => ({
  rid,
  platform: "dummy",
  verb: "echo",
  actor: { address: "alice" },
  target: { address: "bob" },
  object: { body: "Hi" },
});

describe("hooks", () => {
  test("are stored with a secret that is shown once, receive events, and are deleted", async () => {
    const created = await call("PUT", "/hooks/orders", { url: receiver.url, types: ["result"] });
    expect(created.status).toBe(201);
    expect(validationErrors(HookPutAnswer, created.body)).toEqual([]);
    const { secret, ...shown } = created.body;
    expect((await call("GET", "/hooks/orders")).body).toEqual(shown);
    await call("POST", "/activities", echo("pushed"));
    await receiver.until(() => receiver.accepted().some(({ body }) => body.rid === "pushed"));
    const delivery = receiver.accepted().find(({ body }) => body.rid === "pushed");
    expect(receiver.verify(secret, delivery as NonNullable<typeof delivery>)).toMatchObject({
      type: "result",
      status: "sent",
    });
    const again = await call("PUT", "/hooks/orders", { url: receiver.url });
    expect([again.status, again.body.secret, again.body.types]).toEqual([200, undefined, undefined]);
    const list = await call("GET", "/hooks");
    expect(validationErrors(HookListAnswer, list.body)).toEqual([]);
    expect(list.body.hooks).toHaveLength(1);
    const deliveries = await call("GET", "/hooks/orders/deliveries?limit=1");
    expect(deliveries.body.deliveries).toHaveLength(1);
    expect((await call("DELETE", "/hooks/orders")).status).toBe(204);
    expect((await call("DELETE", "/hooks/orders")).status).toBe(404);
    expect((await call("GET", "/hooks")).body).toEqual({ hooks: [] });
  });

  test("accept the app's own secret without repeating it, and create a new one on request", async () => {
    const secret = newWebhookSecret();
    const created = await call("PUT", "/hooks/own", { url: receiver.url, secret });
    expect([created.status, created.body.secret]).toEqual([201, undefined]);
    const { body } = await call("POST", "/hooks/own/test");
    await receiver.until(() => receiver.received.some(({ id }) => id === body.id));
    const delivery = receiver.received.find(({ id }) => id === body.id);
    expect(receiver.verify(secret, delivery as NonNullable<typeof delivery>)).toMatchObject({
      type: "test",
      hook: "own",
    });
    const renewed = await call("PUT", "/hooks/own", { url: receiver.url, newSecret: true });
    expect(renewed.body.secret).toMatch(/^whsec_/);
    expect(renewed.body.secret).not.toBe(secret);
  });

  test("are replayed from a cursor; an invalid cursor is refused with a pointer", async () => {
    await call("PUT", "/hooks/again", { url: `${receiver.url}/again`, types: ["result"] });
    await call("POST", "/activities", echo("first"));
    const deliveries = () => receiver.received.filter(({ path }) => path === "/hook/again");
    await receiver.until(() => deliveries().length === 1);
    const answer = await call("POST", "/hooks/again/replay", { after: "earliest" });
    expect(answer.status).toBe(202);
    expect(validationErrors(HookAnswer, answer.body)).toEqual([]);
    await receiver.until(() => deliveries().filter(({ body }) => body.rid === "first").length === 2);
    const wrong = await call("POST", "/hooks/again/replay", { after: "AAAA.1-1" });
    expect([wrong.status, wrong.body.errors[0].pointer]).toEqual([422, "/after"]);
  });

  test.each([
    [{}, "/url"],
    [{ url: "ftp://example.org" }, "/url"],
    [{ url: "https://" }, "/url"],
    [{ url: "https://bob:secret@example.org/" }, "/url"],
    [{ url: "http://example.org/hook" }, undefined],
    [{ url: "http://93.184.216.34/hook" }, "/url"],
    [{ url: "https://10.0.0.1/" }, "/url"],
    [{ url: "https://[::1]/" }, "/url"],
    [{ url: "https://169.254.169.254/latest" }, "/url"],
    [{ url: "https://0x0a000001/" }, "/url"],
    [{ url: "https://example.org/", types: ["pigeon"] }, "/types/0"],
    [{ url: "https://example.org/", types: [] }, "/types"],
    [{ url: "https://example.org/", secret: "whsec_short" }, "/secret"],
    [{ url: "https://example.org/", secret: "plain" }, "/secret"],
    [{ url: "https://example.org/", from: "yesterday" }, "/from"],
    [{ url: "https://example.org/", strange: 1 }, ""],
  ])("PUT %j is refused with pointer %s", async (body, pointer) => {
    const before = await gw.client.dbsize();
    const { status, body: answer } = await call("PUT", "/hooks/wrong", body);
    if (pointer === undefined) {
      // A host name may resolve to a private address; that is checked at connection time.
      expect(status).toBe(201);
      await call("DELETE", "/hooks/wrong");
      return;
    }
    expect([status, answer.code, answer.errors[0].pointer]).toEqual([422, "validation-failed", pointer]);
    expect(await gw.client.dbsize()).toBe(before);
  });

  test("refuse unknown platforms, invalid names, and too many hooks", async () => {
    const url = "https://example.org/";
    const unknown = await call("PUT", "/hooks/x", { url, platforms: ["pigeon"] });
    expect([unknown.status, unknown.body.code, unknown.body.errors[0].pointer]).toEqual([
      422,
      "platform-unknown",
      "/platforms/0",
    ]);
    expect((await call("PUT", "/hooks/a%20b", { url })).body.code).toBe("bad-parameter");
    const many = await gw.keyOf("many");
    for (let i = 0; i < MAX_WEBHOOKS_PER_APP; i++)
      expect((await call("PUT", `/hooks/h${i}`, { url }, many)).status).toBe(201);
    expect((await call("PUT", "/hooks/more", { url }, many)).body.code).toBe("quota-exceeded");
    expect((await call("PUT", "/hooks/h0", { url }, many)).status).toBe(200);
  });

  test("of another app answer as unknown ones", async () => {
    await call("PUT", "/hooks/mine", { url: receiver.url });
    const nobody = await call("GET", "/hooks/nobody");
    expect(nobody.status).toBe(404);
    for (const [method, path, body] of [
      ["GET", "", undefined],
      ["DELETE", "", undefined],
      ["GET", "/deliveries", undefined],
      ["POST", "/test", undefined],
      ["POST", "/replay", { after: "earliest" }],
    ] as const) {
      const answer = await call(method, `/hooks/mine${path}`, body, rival);
      expect([method, path, answer.status, answer.raw]).toEqual([method, path, 404, nobody.raw]);
    }
    expect((await call("GET", "/hooks", undefined, rival)).body).toEqual({ hooks: [] });
    expect((await call("PUT", "/hooks/mine", { url: `${receiver.url}/rival` }, rival)).status).toBe(201);
    expect((await call("GET", "/hooks/mine")).body.url).toBe(receiver.url);
  });

  test("need a key with the scopes for accounts and listening", async () => {
    for (const missing of ["accounts", "listen"] as const) {
      const narrow = await gw.keyOf(
        `no ${missing}`,
        SCOPES.filter((scope) => scope !== missing),
      );
      expect((await call("PUT", "/hooks/x", { url: receiver.url }, narrow)).status).toBe(403);
      expect((await call("GET", "/hooks", undefined, narrow)).status).toBe(403);
    }
  });

  test("that are switched off refuse a test", async () => {
    const gone = await webhookReceiver(() => 410);
    try {
      await call("PUT", "/hooks/gone", { url: gone.url });
      await call("POST", "/activities", echo("for-nobody"));
      await vi.waitFor(async () => expect((await call("GET", "/hooks/gone")).body.state).toBe("disabled"), 10_000);
      expect((await call("POST", "/hooks/gone/test")).body.code).toBe("hook-disabled");
    } finally {
      await gone.stop();
    }
  });

  test("appear in no answer and no value of Redis with a secret", async () => {
    const secret = newWebhookSecret();
    const before = received.length;
    await call("PUT", "/hooks/canary", { url: receiver.url, secret });
    for (const path of ["", "/canary", "/canary/deliveries"]) await call("GET", `/hooks${path}`);
    const everything = `${received.slice(before).join("\n")}\n${await dumpRedis(gw.client)}`;
    expect(everything).toContain("canary");
    const bytes = Buffer.from(secret.slice(6), "base64");
    for (const form of [secret, secret.slice(6), bytes.toString("hex")]) expect(everything).not.toContain(form);
  });
});
