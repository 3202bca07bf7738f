import { Failure } from "../../../model/failure.ts";
import type { Egress } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import { refusal, unreadable } from "../errors.ts";
import { type Api, openApi } from "./api.ts";
import { carried, type Signer } from "./http.ts";
import { STREAM_FIELDS } from "./response-schemas.ts";
import type { Signing } from "./signing.ts";

/** X's API for the app itself, which may do what no user's login may: filtered streams. */
export interface XApp extends Pick<Api, "ask"> {
  /**
   * Gives the bytes of the filtered stream to `take`, in order, until the signal aborts or the stream ends; throws in
   * either case. X sends an empty line each 20 s, so `silenceMs` without a byte is an end too.
   */
  readonly stream: (
    take: (chunk: Uint8Array) => Promise<void>,
    silenceMs: number,
    signal: AbortSignal,
  ) => Promise<never>;
}

export const STREAM = "tweets/search/stream";
type Keys = Pick<Credentials, "apiKey" | "apiSecret" | "bearerToken">;

/** The app that an account's credentials belong to; undefined where they don't say enough to act as it. */
export function openApp(fetch: Egress["fetch"], credentials: Keys, base: string): XApp | undefined {
  const signers = appSigning(fetch, credentials, base);
  if (!signers) return undefined;
  return {
    ask: openApi(fetch, signers, base).ask,
    async stream(onChunk, timeoutMs, signal) {
      const asked = { method: "GET", path: STREAM, query: STREAM_FIELDS, signal, onChunk, timeoutMs } as const;
      const { status, body } = await carried(fetch, base, await signers.current(), asked);
      if (status >= 300) throw refusal({ endpoint: `GET ${STREAM}`, status, body });
      throw new Failure({ kind: "retryable", code: "platform-unavailable", detail: "X ended the stream." });
    },
  };
}

/** The app's bearer token as it was given, or asked of X for the app's keys; it lasts until somebody revokes it. */
function appSigning(
  fetch: Egress["fetch"],
  { apiKey, apiSecret, bearerToken }: Keys,
  base: string,
): Signing | undefined {
  let newest: string | undefined = bearerToken;
  if (apiKey === undefined || apiSecret === undefined) {
    return newest === undefined ? undefined : { current: async () => newest as Signer, other: async () => undefined };
  }
  const ask = async (): Promise<string> => {
    newest = await askForToken(fetch, base, apiKey, apiSecret);
    return newest;
  };
  return {
    current: async () => newest ?? ask(),
    other: async (refused) => {
      const fresh = await ask();
      return fresh === refused ? undefined : fresh;
    },
  };
}

/** https://docs.x.com/fundamentals/authentication/oauth-2-0/application-only */
async function askForToken(fetch: Egress["fetch"], base: string, key: string, secret: string): Promise<string> {
  const pair = [key, secret].map(encodeURIComponent).join(":");
  const { status, body } = await fetch(`${base}/oauth2/token`, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from(pair).toString("base64")}`,
      "content-type": "application/x-www-form-urlencoded;charset=UTF-8",
      accept: "application/json",
    },
    body: "grant_type=client_credentials",
    maxRedirects: 0,
    maxBytes: 65_536,
  });
  const endpoint = "POST oauth2/token";
  if (status >= 300) throw refusal({ endpoint, status, body: parsed(body) });
  const { access_token: token } = parsed(body);
  if (typeof token === "string" && /^[\x21-\x7e]{1,4096}$/.test(token)) return token;
  throw unreadable(endpoint, status);
}

function parsed(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
