import Type, { type Static } from "typebox";
import { Failure } from "../../model/failure.ts";
import { WHITE_SPACE } from "../../model/pattern-classes.ts";
import { askForGrant } from "../../platform/kit/oauth2.ts";
import { type ConsentRound, consentUrl, defineConsent, type OAuthConsent } from "../../platform/oauth-consent.ts";
import type { Egress } from "../../platform/platform.ts";
import { type MailProvider, PROVIDERS, type Providers } from "./client/providers.ts";
import { SMTP_TIMEOUTS } from "./client/smtp/timeouts.ts";
import type { Credentials } from "./credentials.ts";
import { classifyError } from "./errors.ts";

const Secret = Type.String({ minLength: 1, maxLength: 4_096, pattern: "^[\\u0021-\\u007e]+$" });

const MailClient = Type.Object(
  {
    provider: Type.Union([Type.Literal("google"), Type.Literal("microsoft")]),
    clientId: { ...Secret, description: "Of the OAuth client at Google, or the Application (client) ID at Microsoft." },
    clientSecret: Type.Optional({
      ...Secret,
      description: "Google always wants it; Microsoft where the client has one.",
    }),
    address: Type.String({
      maxLength: 254,
      pattern: `^[^@\\u0000-\\u001f\\u007f${WHITE_SPACE}]+@[^@\\u0000-\\u001f\\u007f${WHITE_SPACE}]+$`,
      description: "The mail address to connect; the user must consent for exactly this address.",
    }),
    tenant: Type.Optional(
      Type.String({
        pattern: "^[A-Za-z0-9][A-Za-z0-9.-]{0,99}$",
        description: "Microsoft: the directory's id or domain, organizations or consumers. Default: common.",
      }),
    ),
  },
  { additionalProperties: false },
);
type MailClient = Static<typeof MailClient>;

/** Returns the OAuth 2 consent for mail of Google and Microsoft; `providers` has their addresses. */
export function consent(providers: Providers = PROVIDERS): OAuthConsent {
  return defineConsent<typeof MailClient, Credentials>({
    schema: MailClient,
    example: {
      provider: "google",
      clientId: "123-abc.apps.googleusercontent.com",
      clientSecret: "GOCSPX-secret-1",
      address: "bob@example.com",
    },
    url: (client, round) => {
      const { authorizeUrl, scope, extraParameters } = providers[client.provider];
      const parameters = { ...extraParameters, client_id: client.clientId, scope, login_hint: client.address };
      return consentUrl(inTenant(authorizeUrl, client), parameters, round);
    },
    finish: async (client, round, egress) => {
      const provider = providers[client.provider];
      const credentials = await credentialsFor(client, provider, round, egress.fetch);
      await checkLogin(egress, credentials);
      return [{ address: client.address, credentials }];
    },
  });
}

async function credentialsFor(
  { clientId, clientSecret, address, ...client }: MailClient,
  { tokenUrl, smtp, mailbox }: MailProvider,
  { code, verifier, redirectUri }: ConsentRound & { readonly code: string },
  fetch: Egress["fetch"],
): Promise<Credentials> {
  const server = {
    tokenUrl: inTenant(tokenUrl, client),
    clientId,
    ...(clientSecret === undefined ? {} : { clientSecret }),
  };
  const form = { grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: verifier };
  const { accessToken, refreshToken, expires } = await askForGrant(fetch, server, form);
  if (refreshToken === undefined) throw noRefreshToken();
  return { ...smtp, user: address, oauth2: { ...server, refreshToken, accessToken, expires }, mailbox };
}

/** Logs in at the mail server. Only the server knows whether the login may use the address. */
async function checkLogin(
  { connect }: Egress,
  { host, port = 587, tls, ca, user = "", oauth2 }: Credentials,
): Promise<void> {
  const token = oauth2?.accessToken ?? "";
  try {
    const { openSmtp } = await import("./client/smtp/connection.ts");
    const connection = await connect(host, port, { timeoutMs: SMTP_TIMEOUTS.connect });
    const security = { secure: tls === "implicit", requireTLS: tls === "starttls", ignoreTLS: tls === "none" };
    const options = { connection, host, port, ...security, ...(ca === undefined ? {} : { tls: { ca } }) };
    const smtp = await openSmtp(options, { user, token: async () => token }, { ...SMTP_TIMEOUTS, command: 30_000 });
    smtp.close();
  } catch (thrown) {
    throw consentFailure(classifyError(thrown, [token, user]));
  }
}

function consentFailure(failure: Failure): Failure {
  if (failure.code !== "credentials-invalid") return failure;
  const { platformCode = "" } = failure;
  const detail =
    "The mail server does not let this login use the address: consent with the address's own account, and allow SMTP there.";
  return new Failure({ kind: "permanent", code: "permission-denied", detail, platformCode });
}

function inTenant(url: string, { tenant = "common" }: Pick<MailClient, "tenant">): string {
  return url.replace("{tenant}", tenant);
}

function noRefreshToken(): Failure {
  const detail = "The provider issued no refresh token: revoke the app's access there, then start again.";
  return new Failure({ kind: "permanent", code: "permission-denied", detail });
}
