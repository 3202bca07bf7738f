import { afterEach, beforeEach, expect, it } from "vitest";
import { validationErrors } from "../../../../src/model/validate.ts";
import type { OAuthConsent } from "../../../../src/platform/oauth-consent.ts";
import { twitter } from "../../../../src/platforms/twitter/platform.ts";
import { xAccount } from "../../../support/x-account.ts";

const client = { clientId: "client-1", clientSecret: "client-secret-1" };
const round = {
  state: "state-1",
  verifier: "v".repeat(43),
  redirectUri: "https://gw.example.org/gateway/accounts/twitter/callback",
};
let x: Awaited<ReturnType<typeof xAccount>>;
let consent: OAuthConsent;
beforeEach(async () => {
  x = await xAccount();
  consent = twitter({ xApi: x.server.origin }).oauthConsent as OAuthConsent;
});
afterEach(() => x.stop());
const settings = (more: object = {}) =>
  Object.fromEntries(new URL(consent.url({ ...client, ...more } as never, round)).searchParams);
/** Query of X's redirect after alice's consent to the address. */
const code = () => x.server.oauth2.code("34", String(settings().code_challenge), String(settings().redirect_uri));

it("a consent starts with a PKCE challenge and ends with a valid login under the user's name", async () => {
  expect(consent.url(client as never, round)).toMatch(/^https:\/\/x\.com\/i\/oauth2\/authorize\?/);
  expect(settings()).toMatchObject({
    response_type: "code",
    client_id: "client-1",
    state: "state-1",
    code_challenge_method: "S256",
  });
  expect(settings().scope?.split(" ")).toContain("offline.access");
  expect(settings({ scopes: ["tweet.read"] }).scope).toBe("tweet.read");
  expect(JSON.stringify(settings())).not.toMatch(/secret|vvv/);
  const [account] = await consent.finish(client as never, { ...round, code: code() }, x.egress);
  expect(account?.address).toBe("@alice");
  expect(validationErrors(x.platform.credentials?.schema ?? {}, account?.credentials)).toEqual([]);
  expect(account?.credentials).toMatchObject({ userId: "34" });
  const alice = await x.open(account?.credentials as never);
  expect((await alice("query", { target: [] })).object).toMatchObject({ items: [{ address: "@alice" }] });
});

const wrong: ReadonlyArray<readonly [string, { readonly used?: true } & Partial<typeof round>, object]> = [
  ["another verifier", { verifier: "w".repeat(43) }, client],
  ["another redirect", { redirectUri: "https://evil.example.org/" }, client],
  ["a used code", { used: true }, client],
  ["another secret", {}, { ...client, clientSecret: "wrong" }],
];
it.each(wrong)("%s yields no credentials", async (_, { used, ...more }, app) => {
  const exchange = { ...round, code: code(), ...more };
  const finish = () => consent.finish(app as never, exchange, x.egress);
  if (used) await finish();
  await expect(finish()).rejects.toMatchObject({ kind: "auth", code: "credentials-expired" });
});

it("an answer without the user's name yields no account", async () => {
  x.server.fault("GET /2/users/me", { status: 200, body: { data: { id: "34", username: "alice\n<b>" } } });
  const odd = consent.finish(client as never, { ...round, code: code() }, x.egress);
  await expect(odd).rejects.toMatchObject({ code: "platform-protocol-error" });
  x.server.fault("GET /2/users/me", { status: 403, body: { title: "Forbidden", type: "about:blank", status: 403 } });
  const shut = consent.finish(client as never, { ...round, code: code() }, x.egress);
  await expect(shut).rejects.toMatchObject({ code: "permission-denied" });
});

it("the credentials keep the app's keys for webhooks and streams", async () => {
  const app = { ...client, apiKey: "app-key", apiSecret: "app-key-secret", bearerToken: "bearer" };
  const [account] = await consent.finish(app as never, { ...round, code: code() }, x.egress);
  expect(account?.credentials).toMatchObject(app);
  expect(validationErrors(x.platform.credentials?.schema ?? {}, account?.credentials)).toEqual([]);
  expect(x.platform.webhook?.secrets?.(account as never)).toMatchObject({ user: "34", address: "@alice" });
});
