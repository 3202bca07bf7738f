import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AccountAnswer, AccountListAnswer } from "../../../routes/resources/accounts.ts";
import type { IssuedKey } from "../../../src/apps/registry.ts";
import { accountId } from "../../../src/model/account-id.ts";
import { SCOPES } from "../../../src/model/caller.ts";
import { validationErrors } from "../../../src/model/validate.ts";
import { keys } from "../../../src/redis/keys.ts";
import { type AuthFixture, authFixture, dumpRedis } from "../../support/auth-fixture.ts";

const CANARY = "CNRY2QX7ZL5K8WPD";
const login = { host: "mail.example.org", username: "bob", password: CANARY };
const bob = { platform: "email", address: "bob@example.com", credentials: login };

let fixture: AuthFixture;
let app: IssuedKey;
let other: IssuedKey;
beforeAll(async () => {
  fixture = await authFixture({ opens: false });
  app = await fixture.registry.createApp("shop", SCOPES);
  other = await fixture.registry.createApp("rival", SCOPES);
});
afterAll(() => fixture.stop());

const received: string[] = [];
async function call(method: string, path: string, body?: unknown, key: string = app.key) {
  const answer = await fetch(`${fixture.url}/gateway${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const raw = await answer.text();
  received.push(raw, JSON.stringify([...answer.headers]));
  return { status: answer.status, raw, body: raw === "" ? undefined : JSON.parse(raw) };
}

describe("accounts", () => {
  test("are stored by an API that cannot decrypt them, replaced, shown and deleted", async () => {
    const first = await call("PUT", "/accounts", bob);
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({
      id: accountId("email", bob.address),
      platform: "email",
      address: bob.address,
      state: "stored",
    });
    expect(validationErrors(AccountAnswer, first.body)).toEqual([]);
    expect(await fixture.client.exists(keys.account(app.app, first.body.id))).toBe(1);
    const again = await call("PUT", "/accounts", { ...bob, platform: "smtp", online: true });
    expect([again.status, again.body.id, again.body.platform, again.body.online]).toEqual([
      200,
      first.body.id,
      "email",
      true,
    ]);
    expect((await call("GET", `/accounts/${first.body.id}`)).body).toEqual(again.body);
    const list = await call("GET", "/accounts");
    expect(list.body).toEqual({ accounts: [again.body] });
    expect(validationErrors(AccountListAnswer, list.body)).toEqual([]);
    expect((await call("DELETE", `/accounts/${first.body.id}`)).status).toBe(204);
    expect((await call("DELETE", `/accounts/${first.body.id}`)).status).toBe(404);
    expect((await call("GET", `/accounts/${first.body.id}`)).status).toBe(404);
    expect((await call("GET", "/accounts")).body).toEqual({ accounts: [] });
  });

  test("are listed page by page", async () => {
    for (let i = 0; i < 5; i++) await call("PUT", "/accounts", { ...bob, address: `u${i}@example.com` });
    const first = await call("GET", "/accounts?limit=3");
    expect(first.body.accounts).toHaveLength(3);
    const second = await call("GET", `/accounts?limit=3&after=${first.body.next}`);
    expect(second.body.accounts).toHaveLength(2);
    expect(second.body.next).toBeUndefined();
    for (const query of ["limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "after=x", "after[]=a"]) {
      const { status, body } = await call("GET", `/accounts?${query}`);
      expect([query, status, body?.code]).toEqual([query, 400, "bad-parameter"]);
    }
    const { status, body } = await call("GET", "/accounts?after=");
    expect([status, body.accounts.length]).toEqual([200, 5]);
  });

  test.each([
    [{ ...bob, credentials: { ...login, password: "x" } }, "/credentials/password"],
    [{ ...bob, credentials: { host: "h", username: "u" } }, "/credentials/password"],
    [{ ...bob, credentials: { ...login, port: CANARY } }, "/credentials"],
    [{ ...bob, credentials: { ...login, host: 5 } }, "/credentials/host"],
    [{ ...bob, credentials: CANARY }, "/credentials"],
    [{ ...bob, credentials: [] }, "/credentials/host"],
    [{ ...bob, credentials: null }, "/credentials"],
    [{ platform: "email", address: "a@b.c" }, "/credentials"],
    [{ ...bob, address: "" }, "/address"],
    [{ ...bob, address: "a\r\nb" }, "/address"],
    [{ ...bob, address: "a".repeat(513) }, "/address"],
    [{ ...bob, address: 7 }, "/address"],
    [{ ...bob, online: "yes" }, "/online"],
    [{ ...bob, secret: CANARY }, ""],
    [{ ...bob, platform: "feeds" }, "/platform"],
    [{ ...bob, platform: "" }, "/platform"],
    [[bob], ""],
    ["bob", ""],
    [null, ""],
  ])("refuses %j with pointer %s and stores nothing", async (body, pointer) => {
    const before = await fixture.client.dbsize();
    const answer = await call("PUT", "/accounts", body);
    expect([answer.status, answer.body.code]).toEqual([422, "validation-failed"]);
    expect(answer.body.errors[0].pointer).toBe(pointer);
    expect(await fixture.client.dbsize()).toBe(before);
  });

  test.each(["nope", "__proto__", "constructor", "EMAIL"])("refuse the unknown platform %s", async (platform) => {
    const { status, body } = await call("PUT", "/accounts", { ...bob, platform });
    expect([status, body.code, body.errors[0].pointer]).toEqual([422, "platform-unknown", "/platform"]);
  });

  test("of another app, unknown ids and malformed ids get the same 404", async () => {
    const { body } = await call("PUT", "/accounts", bob);
    const nobody = await call("GET", `/accounts/${accountId("email", "nobody@example.com")}`);
    expect(nobody.status).toBe(404);
    for (const method of ["GET", "DELETE"]) {
      for (const id of [
        body.id,
        `acc_${"A".repeat(22)}`,
        "x",
        "acc_",
        "%00",
        `${app.app}:${body.id}`,
        "..%2f",
        `${body.id}%20`,
      ]) {
        const answer = await call(method, `/accounts/${id}`, undefined, other.key);
        expect([id, answer.status, answer.raw]).toEqual([id, 404, nobody.raw]);
      }
    }
    expect((await call("GET", "/accounts", undefined, other.key)).body).toEqual({ accounts: [] });
    expect((await call("GET", `/accounts/${body.id}`)).status).toBe(200);
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), async (id) => {
        const path = `/accounts/${encodeURIComponent(id)}`;
        fc.pre(new URL(`http://x${path}`).pathname === path);
        expect((await call("GET", path, undefined, other.key)).status).toBe(404);
      }),
      { numRuns: 40 },
    );
  });

  test("with the same address are separate for each app", async () => {
    await call("PUT", "/accounts", bob);
    expect((await call("PUT", "/accounts", bob, other.key)).status).toBe(201);
    await call("DELETE", `/accounts/${accountId("email", bob.address)}`, undefined, other.key);
    expect((await call("GET", `/accounts/${accountId("email", bob.address)}`)).status).toBe(200);
  });

  test("need a key with the scope; listener tokens are refused", async () => {
    const narrow = await fixture.registry.createApp("narrow", ["send", "listen", "tokens"]);
    for (const [method, path] of [
      ["PUT", "/accounts"],
      ["GET", "/accounts"],
      ["GET", "/accounts/x"],
      ["DELETE", "/accounts/x"],
    ] as const) {
      expect((await call(method, path, method === "PUT" ? bob : undefined, narrow.key)).status).toBe(403);
    }
  });

  test("appear in no answer and no value of Redis with a secret in any form", async () => {
    await call("PUT", "/accounts", bob);
    const everything = `${received.join("\n")}\n${await dumpRedis(fixture.client)}`;
    expect(everything).toContain(accountId("email", bob.address));
    const bytes = Buffer.from(CANARY);
    const shifted = [0, 1, 2].map((n) =>
      Buffer.concat([Buffer.alloc(n), bytes])
        .toString("base64")
        .slice(4, 18),
    );
    for (const form of [CANARY, bytes.toString("hex"), ...shifted]) expect(everything).not.toContain(form);
  });
});
