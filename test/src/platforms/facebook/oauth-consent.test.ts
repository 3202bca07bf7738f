import { afterEach, beforeEach, expect, it } from "vitest";
import { validationErrors } from "../../../../src/model/validate.ts";
import type { OAuthConsent } from "../../../../src/platform/oauth-consent.ts";
import { facebook } from "../../../../src/platforms/facebook/platform.ts";
import { facebookSimulator, LOGIN, META_APP, PAGE } from "../../../support/facebook-simulator.ts";
import { loopbackEgress } from "../../../support/loopback-egress.ts";

let server: Awaited<ReturnType<typeof facebookSimulator>>;
const egress = loopbackEgress();
beforeEach(async () => {
  server = await facebookSimulator();
});
afterEach(() => server.stop());

const { appSecret, verifyToken, pageToken } = LOGIN;
const client = { clientId: META_APP, appSecret, verifyToken };
const round = {
  state: "s-1",
  verifier: "v".repeat(43),
  redirectUri: "https://example.org/gateway/accounts/facebook/callback",
};
const platform = () => facebook({ facebookApi: server.url });
const finish = (more: object = {}, code = "good-code") =>
  (platform().oauthConsent as OAuthConsent).finish({ ...client, ...more } as never, { ...round, code }, egress);

it("a consent redirects to Facebook with the API's version, the scopes and the state", () => {
  const { url, schema, example } = platform().oauthConsent as OAuthConsent;
  expect(validationErrors(schema, example)).toEqual([]);
  const { origin, pathname, searchParams } = new URL(url(client as never, round));
  expect([origin, pathname]).toEqual(["https://www.facebook.com", "/v26.0/dialog/oauth"]);
  expect(Object.fromEntries(searchParams)).toMatchObject({
    client_id: META_APP,
    state: "s-1",
    redirect_uri: round.redirectUri,
  });
  expect(searchParams.get("scope")).toContain("pages_messaging");
  expect(searchParams.toString()).not.toContain(appSecret);
});

it("a consent returns an account for each chosen Page, with long-lived tokens", async () => {
  expect(await finish()).toEqual([{ address: PAGE, credentials: { pageToken, appSecret, verifyToken } }]);
  server.pages.push({ id: "77", access_token: "EAAG-other" }, { id: "78" });
  const found = await finish();
  expect(found).toEqual([
    { address: PAGE, credentials: { pageToken, appSecret, verifyToken, otherPages: ["77"] } },
    { address: "77", credentials: { pageToken: "EAAG-other", appSecret, verifyToken, otherPages: [PAGE] } },
  ]);
  for (const { credentials } of found)
    expect(validationErrors(platform().credentials?.schema ?? {}, credentials)).toEqual([]);
});

it("a failed consent is explained", async () => {
  const refused = { kind: "auth", code: "credentials-expired", platformCode: expect.stringContaining("36009") };
  await expect(finish({}, "used-code")).rejects.toMatchObject(refused);
  await expect(finish({ appSecret: "another-secret" })).rejects.toMatchObject(refused);
  server.pages.splice(0);
  await expect(finish()).rejects.toMatchObject({ kind: "permanent", code: "permission-denied" });
});
