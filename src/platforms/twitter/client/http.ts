import type { ITwitterApiClientPlugin } from "twitter-api-v2";
import type { Egress, EgressInit } from "../../../platform/platform.ts";
import { unreadableAnswer } from "../errors.ts";

/** Address of X's own API; operators may set another by `X_API_URL`. */
export const X_API = "https://api.x.com";
/** Maximum size of an answer. A hundred posts with all their references are under 1 MiB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const ANSWER_TIMEOUT_MS = 30_000;
/** Timeout of a media chunk, which uploads a whole mebibyte. */
const UPLOAD_TIMEOUT_MS = 90_000;

/** Credentials that sign a request. OAuth 2 has an access token, OAuth 1.0a four credentials. */
export type Signer =
  | string
  | {
      readonly appKey: string;
      readonly appSecret: string;
      readonly accessToken: string;
      readonly accessSecret: string;
    };

export interface HttpRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path below `/2/`, with `:placeholders` for `params`. */
  readonly path: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Sends the body as multipart/form-data, with Buffers as files. */
  readonly form?: boolean;
  /** Receives a stream's bytes (see `EgressInit.onChunk`); the answer then resolves when the stream ends. */
  readonly onChunk?: EgressInit["onChunk"];
  /** Default: the usual timeout of this kind of request. */
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/**
 * Builds and signs a request with twitter-api-v2 and sends it through the egress guard. A plugin answers before the library
 * would open a connection of its own. `base` is the operator's address of the API; the signature covers the address that is
 * requested (RFC 5849 section 3.4.1.2). Throws the guard's failures, and a `Failure` for an answer that is not JSON.
 */
export async function sendRequest(
  fetch: Egress["fetch"],
  base: string,
  signer: Signer,
  request: HttpRequest,
): Promise<HttpResponse> {
  const { method, path, params = {}, query = {}, body = {}, form = false } = request;
  let answer: HttpResponse | undefined;
  const plugin: ITwitterApiClientPlugin = {
    onBeforeRequestConfig: async ({ client, params: config }) => {
      // The library guesses the body's kind by the path, which differs behind a prefix.
      const signedConfig = {
        ...config,
        url: config.url.replace(X_API, base),
        forceBodyMode: config.forceBodyMode ?? "json",
      } as const;
      // biome-ignore lint/complexity/useLiteralKeys: the library keeps it protected; nothing else signs a request without sending it.
      const { url, headers, body: bytes } = client["getHttpRequestArgs"](signedConfig);
      answer = await fetchJson(fetch, `${method} ${path}`, url.href, {
        method,
        headers: ownHeaders(headers),
        ...(bytes === undefined ? {} : { body: bytes }),
        signal: request.signal,
        timeoutMs: request.timeoutMs ?? (form ? UPLOAD_TIMEOUT_MS : ANSWER_TIMEOUT_MS),
        ...(request.onChunk ? { onChunk: request.onChunk } : {}),
        maxBytes: MAX_ANSWER_BYTES,
        maxRedirects: 0,
      });
      return { headers: {}, data: {} };
    },
  };
  const { TwitterApi } = await import("twitter-api-v2");
  const plugins = { plugins: [plugin] };
  const { v2 } = typeof signer === "string" ? new TwitterApi(signer, plugins) : new TwitterApi(signer, plugins);
  const options = { params: { ...params } };
  if (method === "GET") await v2.get(path, { ...query }, options);
  else if (method === "DELETE") await v2.delete(path, { ...query }, options);
  else await v2.post(path, { ...body }, { ...options, forceBodyMode: form ? "form-data" : "json" });
  if (!answer) throw new Error("twitter-api-v2 did not call its plugin");
  return answer;
}

async function fetchJson(
  fetch: Egress["fetch"],
  endpoint: string,
  url: string,
  init: Parameters<Egress["fetch"]>[1],
): Promise<HttpResponse> {
  const { status, headers, body } = await fetch(url, init);
  try {
    const text = body.toString("utf8");
    return { status, headers, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
  } catch {
    // A proxy's error page is not JSON, but its status says enough.
    if (status >= 300) return { status, headers, body: undefined };
    throw unreadableAnswer(endpoint, status);
  }
}

/** Keeps the headers that X needs; the guard sets all others. */
function ownHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => /^(authorization|content-type)$/i.test(name));
  return { accept: "application/json", ...Object.fromEntries(kept) };
}
