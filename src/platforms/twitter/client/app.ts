import { Failure } from "../../../model/failure.ts";
import type { Egress } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import { failureFor, unreadableAnswer } from "../errors.ts";
import { type Api, openApi } from "./api.ts";
import { type Signer, sendRequest } from "./http.ts";
import { STREAM_FIELDS } from "./response-schemas.ts";
import type { SignerSource } from "./signing.ts";

/** X's API for the app itself, which may open filtered streams; no user's login may. */
export interface XApp extends Pick<Api, "request"> {
  /**
   * Passes the filtered stream's bytes to `onChunk`, in order. Throws when the signal aborts or the stream ends. X sends an empty line each 20 s, so `silenceMs` without a byte ends the stream too.
   */
  readonly stream: (
    onChunk: (chunk: Uint8Array) => Promise<void>,
    silenceMs: number,
    signal: AbortSignal,
  ) => Promise<never>;
}

export const STREAM = "tweets/search/stream";
type AppCredentials = Pick<Credentials, "apiKey" | "apiSecret" | "bearerToken">;

/** Opens X's API as the account's app; undefined where the credentials do not allow it. */
export function openApp(fetch: Egress["fetch"], credentials: AppCredentials, base: string): XApp | undefined {
  const signers = appSigner(fetch, credentials, base);
  if (!signers) return undefined;
  return {
    request: openApi(fetch, signers, base).request,
    async stream(onChunk, timeoutMs, signal) {
      const request = { method: "GET", path: STREAM, query: STREAM_FIELDS, signal, onChunk, timeoutMs } as const;
      const { status, body } = await sendRequest(fetch, base, await signers.current(), request);
      if (status >= 300) throw failureFor({ endpoint: `GET ${STREAM}`, status, body });
      throw new Failure({ kind: "retryable", code: "platform-unavailable", detail: "X ended the stream." });
    },
  };
}

/** Returns the app's bearer token, or requests a token with the app's keys. Tokens last until revoked. */
function appSigner(
  fetch: Egress["fetch"],
  { apiKey, apiSecret, bearerToken }: AppCredentials,
  base: string,
): SignerSource | undefined {
  let newest: string | undefined = bearerToken;
  if (apiKey === undefined || apiSecret === undefined) {
    return newest === undefined ? undefined : { current: async () => newest as Signer, replace: async () => undefined };
  }
  const renew = async (): Promise<string> => {
    newest = await requestAppToken(fetch, base, apiKey, apiSecret);
    return newest;
  };
  return {
    current: async () => newest ?? renew(),
    replace: async (refused) => {
      const token = await renew();
      return token === refused ? undefined : token;
    },
  };
}

/** Requests an app-only token (https://docs.x.com/fundamentals/authentication/oauth-2-0/application-only). */
async function requestAppToken(fetch: Egress["fetch"], base: string, key: string, secret: string): Promise<string> {
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
  if (status >= 300) throw failureFor({ endpoint, status, body: parseJson(body) });
  const { access_token: token } = parseJson(body);
  if (typeof token === "string" && /^[\x21-\x7e]{1,4096}$/.test(token)) return token;
  throw unreadableAnswer(endpoint, status);
}

function parseJson(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
