import { afterEach, beforeEach, expect, it } from "vitest";
import { validationErrors } from "../../../../src/model/validate.ts";
import type { OAuthConsent } from "../../../../src/platform/oauth-consent.ts";
import { email } from "../../../../src/platforms/email/platform.ts";
import { loopbackEgress } from "../../../support/loopback-egress.ts";
import { MAIL_CLIENT, mailProvider } from "../../../support/mail-provider.ts";

const round = { state: "s-1", verifier: "v".repeat(43), redirectUri: "https://gw.example.org/accounts/email/callback" };
const client = (more: object = {}) =>
  ({ provider: "google", ...MAIL_CLIENT, address: "bob@example.com", ...more }) as never;
const real = email({}).oauthConsent as OAuthConsent;
const egress = loopbackEgress();
let mail: Awaited<ReturnType<typeof mailProvider>>;
beforeEach(async () => {
  mail = await mailProvider();
});
afterEach(() => mail.stop());

it.each([
  [
    "google",
    {},
    "https://accounts.google.com/o/oauth2/v2/auth",
    "https://mail.google.com/",
    { access_type: "offline", prompt: "consent" },
  ],
  [
    "microsoft",
    {},
    "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    "https://outlook.office.com/SMTP.Send https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
    { response_mode: "query" },
  ],
  [
    "microsoft",
    { tenant: "contoso.com" },
    "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/authorize",
    /offline_access/,
    {},
  ],
])("a consent starts at %s %j", (provider, more, where, scope, params) => {
  const { origin, pathname, searchParams } = new URL(real.url(client({ provider, ...more }), round));
  expect(origin + pathname).toBe(where);
  expect(searchParams.get("scope")).toMatch(scope);
  expect(Object.fromEntries(searchParams)).toMatchObject({
    ...params,
    response_type: "code",
    client_id: MAIL_CLIENT.clientId,
    redirect_uri: round.redirectUri,
    state: "s-1",
    code_challenge_method: "S256",
    login_hint: "bob@example.com",
  });
  expect(searchParams.toString()).not.toMatch(/canary|vvv/);
});

it.each([
  { tenant: "../evil" },
  { tenant: "a/b" },
  { tenant: ".." },
  { provider: "yahoo" },
  { address: "bob" },
  { address: "bob@example.com\r\n" },
  { tokenUrl: "https://evil.example/" },
])("a consent refuses the client %j", (more) => {
  expect(validationErrors(real.schema, real.example)).toEqual([]);
  expect(validationErrors(real.schema, client())).toEqual([]);
  expect(validationErrors(real.schema, client(more))).not.toEqual([]);
});

it("a consent ends with a login for sending and for the mailbox, accepted by the mail server", async () => {
  const { oauthConsent: consent, credentials } = email({ mailProviders: mail.providers });
  const { url, finish } = consent as OAuthConsent;
  const code = mail.consent(url(client(), round), "bob@example.com");
  const [account, ...more] = await finish(client(), { ...round, code }, egress);
  expect([account?.address, more]).toEqual(["bob@example.com", []]);
  expect(validationErrors(credentials?.schema ?? {}, account?.credentials)).toEqual([]);
  expect(account?.credentials).toMatchObject({
    user: "bob@example.com",
    oauth2: { ...MAIL_CLIENT, refreshToken: expect.stringMatching(/^canary-refresh/) },
    mailbox: { protocol: "imap" },
  });
});

it("a consent with another address, verifier or secret fails without showing a token", async () => {
  const { url, finish } = email({ mailProviders: mail.providers }).oauthConsent as OAuthConsent;
  const ended = async (user: string, overrides: object = {}, app = client()) => {
    const code = mail.consent(url(client(), round), user);
    const thrown = await finish(app, { ...round, code, ...overrides }, egress).catch((error: unknown) => error);
    expect(JSON.stringify(thrown)).not.toContain("canary");
    return thrown;
  };
  expect(await ended("mallory@example.com")).toMatchObject({ kind: "permanent", code: "permission-denied" });
  const refused = {
    kind: "auth",
    code: "credentials-expired",
    message: expect.stringContaining("Start the consent again"),
  };
  expect(await ended("bob@example.com", { verifier: "w".repeat(43) })).toMatchObject(refused);
  const other = client({ clientSecret: "another" });
  expect(await ended("bob@example.com", {}, other)).toMatchObject({ ...refused, platformCode: "400 invalid_client" });
});
