import Type, { type Static } from "typebox";
import { Failure } from "../../model/failure.ts";
import { type ConsentedAccount, defineConsent, type OAuthConsent } from "../../platform/oauth-consent.ts";
import type { Egress } from "../../platform/platform.ts";
import { GRAPH_API, openGraph } from "./client/graph.ts";
import { Credentials } from "./credentials.ts";
import { failureFor } from "./errors.ts";
import { idOf, recordOf, recordsIn, textOf } from "./inbound/json.ts";

/** Permissions that all verbs need together; docs/platforms/facebook.md lists them by verb. */
const SCOPES = [
  "pages_show_list",
  "pages_messaging",
  "pages_manage_metadata",
  "pages_read_engagement",
  "pages_manage_posts",
  "pages_manage_engagement",
];

const MetaApp = Type.Object(
  {
    clientId: Type.String({ pattern: "^[0-9]{1,32}$", description: "The Meta app's id." }),
    appSecret: Credentials.properties.appSecret,
    verifyToken: Credentials.properties.verifyToken,
    scopes: Type.Optional(
      Type.Array(Type.String({ pattern: "^[a-z_]{1,64}$" }), {
        minItems: 1,
        maxItems: 30,
        description: "Default: all permissions that the verbs need.",
      }),
    ),
  },
  { additionalProperties: false },
);
type MetaApp = Static<typeof MetaApp>;

/**
 * Creates the consent of Facebook Login. A person lets the app act for chosen Pages, and each becomes an account. Tokens of
 * Pages do not expire, since they come from the person's long-lived token. See
 * https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
 */
export function consent(api: string = GRAPH_API): OAuthConsent {
  const base = api.replace(/(?<!\/)\/+$/, "");
  const version = /\/(v[0-9]+\.[0-9]+)$/.exec(base)?.[1];
  return defineConsent({
    schema: MetaApp,
    example: {
      clientId: "123456789012345",
      appSecret: "0123456789abcdef0123456789abcdef",
      verifyToken: "9f2c4e6a8b0d1f3e5a7c9b2d4f6e8a0c",
    },
    url: ({ clientId, scopes = SCOPES }: MetaApp, { state, redirectUri }) => {
      const url = new URL(`https://www.facebook.com/${version === undefined ? "" : `${version}/`}dialog/oauth`);
      const parameters = {
        client_id: clientId,
        redirect_uri: redirectUri,
        response_type: "code",
        scope: scopes.join(","),
        state,
      };
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      return url.href;
    },
    finish: async (client: MetaApp, { code, redirectUri }, { fetch }) => {
      const app = { client_id: client.clientId, client_secret: client.appSecret };
      const shortLived = await requestToken(fetch, base, { ...app, redirect_uri: redirectUri, code });
      const exchange = { ...app, grant_type: "fb_exchange_token", fb_exchange_token: shortLived };
      return listPages(fetch, base, client, await requestToken(fetch, base, exchange));
    },
  });
}

async function requestToken(fetch: Egress["fetch"], base: string, query: Record<string, string>): Promise<string> {
  const url = `${base}/oauth/access_token?${new URLSearchParams(query)}`;
  const { status, body } = await fetch(url, { headers: { accept: "application/json" }, maxRedirects: 0 });
  const answer = recordOf(parseJson(body));
  const token = textOf(answer.access_token, 4_096);
  if (status === 200 && token !== undefined) return token;
  const failure = failureFor({ status, body: answer, changes: false });
  if (failure.kind !== "permanent") throw failure;
  const detail =
    "Facebook refuses the consent: it has expired, or the app's id, secret or redirect address differs. Start again.";
  throw new Failure({ kind: "auth", code: "credentials-expired", detail, platformCode: failure.platformCode ?? "" });
}

async function listPages(
  fetch: Egress["fetch"],
  base: string,
  { appSecret, verifyToken }: MetaApp,
  token: string,
): Promise<ReadonlyArray<ConsentedAccount<Credentials>>> {
  const query = { fields: "id,access_token", limit: 100 };
  const request = { method: "GET", path: "me/accounts", query, signal: AbortSignal.timeout(30_000) } as const;
  const { data } = await openGraph(fetch, { pageToken: token, appSecret }, base).request(request);
  const pages = recordsIn(data, 100).flatMap((page) => {
    const address = idOf(page.id);
    const pageToken = textOf(page.access_token, 4_096);
    if (address === undefined || pageToken === undefined) return [];
    return [{ address, credentials: { pageToken, appSecret, ...(verifyToken === undefined ? {} : { verifyToken }) } }];
  });
  const othersOf = (own: string) => pages.map(({ address }) => address).filter((address) => address !== own);
  if (pages.length > 0)
    return pages.map(({ address, credentials }) => {
      // The Meta app has one webhook: the account whose address it is given must accept the events of all these Pages.
      const otherPages = othersOf(address);
      return { address, credentials: { ...credentials, ...(otherPages.length === 0 ? {} : { otherPages }) } };
    });
  const detail = "The consenting person manages no Page, or chose none: start again and choose the Pages.";
  throw new Failure({ kind: "permanent", code: "permission-denied", detail });
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}
