import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { xAccount } from "../../../support/x-account.ts";

let x: Awaited<ReturnType<typeof xAccount>>;
beforeEach(async () => {
  x = await xAccount();
});
afterEach(async () => {
  vi.useRealTimers();
  await x.stop();
});

/** Account with OAuth 2 and its stored login. */
async function account(overrides: object = {}) {
  const login = { ...x.server.oauth2.login("12"), ...overrides };
  const stored: Array<Record<string, unknown>> = [];
  const renewed = async (credentials: never): Promise<void> => {
    stored.push(credentials);
  };
  return { login, stored, run: await x.open(login, { saveCredentials: renewed }) };
}

it("a valid access token is used as it is, and the account's id is read once", async () => {
  const { run, stored } = await account();
  await run("share");
  await run("react");
  expect([x.server.oauth2.requests.length, stored]).toEqual([0, []]);
  expect(x.server.exchanges.map(({ endpoint, user }) => `${user} ${endpoint}`)).toEqual([
    "12 GET /2/users/me",
    "12 POST /2/users/{id}/retweets",
    "12 POST /2/users/{id}/likes",
  ]);
});

it("an expired access token is refreshed first, and the new refresh token is stored", async () => {
  const { run, login, stored } = await account({ expires: 1 });
  await run("post");
  const [form] = x.server.oauth2.requests;
  expect(Object.fromEntries(form ?? [])).toEqual({
    grant_type: "refresh_token",
    refresh_token: login.refreshToken,
    client_id: "client-1",
  });
  expect(stored).toEqual([
    { ...login, accessToken: expect.any(String), refreshToken: expect.any(String), expires: expect.any(Number) },
  ]);
  expect(stored[0]?.refreshToken).not.toBe(login.refreshToken);
  expect(x.server.oauth2.user(String(stored[0]?.accessToken))).toBe("12");
});

it("a refused access token is refreshed once for all requests, and each is repeated once", async () => {
  const { run } = await account();
  x.server.oauth2.revokeAccess();
  await Promise.all(["a", "b", "c", "d"].map((body) => run("post", { object: { body } })));
  expect(x.server.posts.map(({ text }) => text).sort()).toEqual(["a", "b", "c", "d"]);
  expect(x.server.oauth2.requests).toHaveLength(1);
});

it("a revoked login is retried once, then final", async () => {
  const { run, stored } = await account();
  x.server.oauth2.revokeAll();
  await expect(run("post")).rejects.toMatchObject({
    kind: "retryable",
    code: "credentials-expired",
    retryAfterMs: 2_000,
    mayHaveLanded: false,
  });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 2_000 });
  await expect(run("post")).rejects.toMatchObject({ kind: "auth", code: "credentials-expired" });
  expect([stored, x.server.posts]).toEqual([[], []]);
});

it("no token appears in a failure", async () => {
  const { run, login } = await account({ clientSecret: "wrong-secret", expires: 1 });
  const thrown = await run("post").catch((error) => error);
  for (const secret of ["wrong-secret", login.refreshToken, login.accessToken]) {
    expect(JSON.stringify({ ...thrown, message: thrown.message })).not.toContain(secret);
  }
  expect(thrown.platformCode).toBe("401 unauthorized_client");
});
