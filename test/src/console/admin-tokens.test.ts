import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdminTokens, adminTokens, MAX_ADMIN_TOKENS } from "../../../src/console/admin-tokens.ts";
import { keys } from "../../../src/redis/keys.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";

let server: TestRedis;
let redis: ReturnType<TestRedis["connect"]>;
let tokens: AdminTokens;
beforeAll(async () => {
  server = await testRedis();
  redis = server.connect();
  tokens = adminTokens({ redis });
});
afterAll(() => server.stop());

async function made(days = 1) {
  const answer = await tokens.create({ name: "deploy", role: "admin" }, days);
  if (answer === undefined) throw new Error("no token was made");
  return answer;
}

describe("An admin token", () => {
  it("names its holder until it is revoked, and is stored as a hash only", async () => {
    const { token, text } = await made();
    expect(text).toMatch(/^dga_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}$/);
    expect(await tokens.find(text)).toMatchObject({ id: token.id, name: "deploy", role: "admin" });
    expect(await tokens.list()).toEqual([token]);
    expect(JSON.stringify(await redis.hgetall(keys.adminTokens))).not.toContain(text.slice(-43));
    expect([await tokens.revoke(token.id), await tokens.revoke(token.id)]).toEqual([true, false]);
    expect([await tokens.find(text), await tokens.list()]).toEqual([undefined, []]);
  });

  it("is nothing with another secret, another form, or after its days", async () => {
    const { text } = await made();
    const other = await made();
    for (const wrong of ["", "dga_", text.slice(0, -1), `${text.slice(0, -43)}${other.text.slice(-43)}`, `${text} `])
      expect(await tokens.find(wrong)).toBeUndefined();
    expect(await tokens.find((await made(-1)).text)).toBeUndefined();
    expect((await tokens.list()).length).toBe(2);
  });

  it("is bounded in number; expired ones make room", async () => {
    await redis.del(keys.adminTokens);
    await made(-1);
    for (let count = 0; count < MAX_ADMIN_TOKENS; count++) await made();
    expect(await redis.hlen(keys.adminTokens)).toBe(MAX_ADMIN_TOKENS);
    expect(await tokens.create({ name: "more", role: "viewer" }, 1)).toBeUndefined();
  });
});
