import Type, { type Static } from "typebox";
import { Failure } from "../../model/failure.ts";
import { validationErrors } from "../../model/validate.ts";
import { askForGrant } from "../../platform/kit/oauth2.ts";
import { consentUrl, defineConsent, type OAuthConsent } from "../../platform/oauth-consent.ts";
import type { Egress } from "../../platform/platform.ts";
import { sendRequest, X_API } from "./client/http.ts";
import { OneUser } from "./client/response-schemas.ts";
import { Credentials } from "./credentials.ts";
import { failureFor, unreadableAnswer } from "./errors.ts";

type UserAnswer = Static<typeof OneUser>;

/** Scopes that all verbs need together. X grants the use of likes and follows to few apps. */
export const SCOPES = [
  "tweet.read",
  "tweet.write",
  "users.read",
  "dm.read",
  "dm.write",
  "media.write",
  "like.write",
  "follows.write",
  "offline.access",
];

const { clientId, clientSecret, apiKey, apiSecret, bearerToken } = Credentials.properties;
const XClient = Type.Object(
  {
    clientId: Type.String({ ...clientId, description: "The Client ID of the app at X." }),
    clientSecret,
    apiKey,
    apiSecret,
    bearerToken,
    scopes: Type.Optional(
      Type.Array(Type.String({ pattern: "^[a-z]{1,30}\\.[a-z]{1,30}$" }), {
        minItems: 1,
        maxItems: 30,
        description:
          "Default: all scopes that the verbs need. `offline.access` must be among them: X issues a refresh token for it only.",
      }),
    ),
  },
  { additionalProperties: false },
);
type XClient = Static<typeof XClient>;

/**
 * Creates the consent of X's OAuth 2 (authorization code with PKCE). `xApi` is the API's address. See
 * https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
 */
export function consent(xApi: string = X_API): OAuthConsent {
  const base = xApi.replace(/(?<!\/)\/+$/, "");
  return defineConsent({
    schema: XClient,
    example: { clientId: "client-id-1", clientSecret: "client-secret-1" },
    url: ({ clientId, scopes = SCOPES }: XClient, round) =>
      consentUrl("https://x.com/i/oauth2/authorize", { client_id: clientId, scope: scopes.join(" ") }, round),
    finish: async ({ scopes: _, ...client }: XClient, { code, verifier, redirectUri }, egress) => {
      const server = { ...client, tokenUrl: `${base}/2/oauth2/token`, basic: true };
      // X's codes live for 30 seconds.
      const form = { grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: verifier };
      const { accessToken, refreshToken, expires } = await askForGrant(egress.fetch, server, form);
      if (refreshToken === undefined) throw noRefreshToken();
      const { address, userId } = await fetchUser(egress, base, accessToken);
      return [{ address, credentials: { ...client, accessToken, refreshToken, expires, userId } }];
    },
  });
}

/** Returns the address and the X id of the user who agreed. */
async function fetchUser(egress: Egress, base: string, token: string) {
  const signal = AbortSignal.timeout(30_000);
  const { status, body } = await sendRequest(egress.fetch, base, token, { method: "GET", path: "users/me", signal });
  const { id, username = "" } =
    status === 200 && validationErrors(OneUser, body).length === 0 ? (body as UserAnswer).data : { id: "" };
  if (/^[A-Za-z0-9_]{1,15}$/.test(username)) return { address: `@${username}`, userId: id };
  throw status < 300
    ? unreadableAnswer("GET users/me", status)
    : failureFor({ endpoint: "GET users/me", status, body });
}

function noRefreshToken(): Failure {
  const detail = "X issued no refresh token: the app must request offline.access. Start again.";
  return new Failure({ kind: "permanent", code: "permission-denied", detail });
}
