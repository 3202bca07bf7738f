import Type, { type Static } from "typebox";
import { Failure } from "../../model/failure.ts";
import { type ConsentedAccount, defineConsent, type OAuthConsent } from "../../platform/oauth-consent.ts";
import type { Egress } from "../../platform/platform.ts";
import { GRAPH_API, openGraph } from "./client/graph.ts";
import { Credentials } from "./credentials.ts";
import { failureFor } from "./errors.ts";
import { idOf, recordOf, recordsIn, textOf } from "./inbound/item.ts";

/** What each verb needs of it is said in docs/platforms/facebook.md. */
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
        description: "Default: all that the verbs need.",
      }),
    ),
  },
  { additionalProperties: false },
);
type MetaApp = Static<typeof MetaApp>;

/**
 * Facebook Login (https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow): a person who runs Pages
 * lets the app act for those they choose; each becomes an account. The Pages' tokens do not end by themselves, since they
 * come of a person's long-lived one.
 */
export function consent(api: string = GRAPH_API): OAuthConsent {
  const base = api.replace(/\/+$/, "");
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
      const words = {
        client_id: clientId,
        redirect_uri: redirectUri,
        response_type: "code",
        scope: scopes.join(","),
        state,
      };
      for (const [name, value] of Object.entries(words)) url.searchParams.set(name, value);
      return url.href;
    },
    finish: async (client: MetaApp, { code, redirectUri }, { fetch }) => {
      const app = { client_id: client.clientId, client_secret: client.appSecret };
      const brief = await tokenFor(fetch, base, { ...app, redirect_uri: redirectUri, code });
      const lasting = { ...app, grant_type: "fb_exchange_token", fb_exchange_token: brief };
      return pagesOf(fetch, base, client, await tokenFor(fetch, base, lasting));
    },
  });
}

async function tokenFor(fetch: Egress["fetch"], base: string, words: Record<string, string>): Promise<string> {
  const url = `${base}/oauth/access_token?${new URLSearchParams(words)}`;
  const { status, body } = await fetch(url, { headers: { accept: "application/json" }, maxRedirects: 0 });
  const answer = recordOf(parsed(body));
  const token = textOf(answer.access_token, 4_096);
  if (status === 200 && token !== undefined) return token;
  const failure = failureFor({ status, body: answer, changes: false });
  if (failure.kind !== "permanent") throw failure;
  const detail = "Facebook refuses the consent: it ended, or the app's id, secret or address is another. Begin again.";
  throw new Failure({ kind: "auth", code: "credentials-expired", detail, platformCode: failure.platformCode ?? "" });
}

async function pagesOf(
  fetch: Egress["fetch"],
  base: string,
  { appSecret, verifyToken }: MetaApp,
  token: string,
): Promise<ReadonlyArray<ConsentedAccount<Credentials>>> {
  const query = { fields: "id,access_token", limit: 100 };
  const call = { method: "GET", path: "me/accounts", query, signal: AbortSignal.timeout(30_000) } as const;
  const { data } = await openGraph(fetch, { pageToken: token, appSecret }, base).request(call);
  const pages = recordsIn(data, 100).flatMap((page) => {
    const address = idOf(page.id);
    const pageToken = textOf(page.access_token, 4_096);
    if (address === undefined || pageToken === undefined) return [];
    return [{ address, credentials: { pageToken, appSecret, ...(verifyToken === undefined ? {} : { verifyToken }) } }];
  });
  const others = (own: string) => pages.map(({ address }) => address).filter((address) => address !== own);
  if (pages.length > 0)
    return pages.map(({ address, credentials }) => {
      // The Meta app has one webhook, so whichever address it is given must take the events of all these Pages.
      const otherPages = others(address);
      return { address, credentials: { ...credentials, ...(otherPages.length === 0 ? {} : { otherPages }) } };
    });
  const detail = "The person who agreed runs no Page, or chose none: consent again and choose the Pages.";
  throw new Failure({ kind: "permanent", code: "permission-denied", detail });
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}
