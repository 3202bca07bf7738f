import { type ITwitterApiClientPlugin, TwitterApi } from "twitter-api-v2";
import type { Egress, EgressInit } from "../../../platform/platform.ts";
import { unreadable } from "../errors.ts";

/** The address that X itself has, and that an operator may change by `X_API_URL`. */
export const X_API = "https://api.x.com";
/** What one answer of X may weigh: a hundred posts with all they refer to are under 1 MiB. */
const ANSWER_BYTES = 4 * 1024 * 1024;
const ANSWER_MS = 30_000;
/** A chunk of media has a whole mebibyte to go. */
const FORM_MS = 90_000;

/** What the request is signed with: an OAuth 2 access token, or the four words of OAuth 1.0a. */
export type Signer =
  | string
  | {
      readonly appKey: string;
      readonly appSecret: string;
      readonly accessToken: string;
      readonly accessSecret: string;
    };

export interface Request {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below `/2/`, with `:placeholders` for `params`. */
  readonly path: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** The body goes as multipart/form-data, its Buffers as files. */
  readonly form?: boolean;
  /** For streams, see `EgressInit.onChunk`: the answer then comes when the stream ends. */
  readonly onChunk?: EgressInit["onChunk"];
  /** Default: what an answer of that kind may take. */
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

export interface Response {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/**
 * Puts a request together and signs it by twitter-api-v2, and carries it through the egress guard: a plugin answers before
 * the library would open a connection of its own. `base` is the operator's address of the API; what is signed is what is
 * asked (RFC 5849 section 3.4.1.2). Throws the guard's failures, and one for an answer that is no JSON.
 */
export async function carried(
  fetch: Egress["fetch"],
  base: string,
  signer: Signer,
  request: Request,
): Promise<Response> {
  const { method, path, params = {}, query = {}, body = {}, form = false } = request;
  let answer: Response | undefined;
  const plugin: ITwitterApiClientPlugin = {
    onBeforeRequestConfig: async ({ client, params: asked }) => {
      // The library guesses the body's kind by the path, which is another one behind a prefix.
      const sent = {
        ...asked,
        url: asked.url.replace(X_API, base),
        forceBodyMode: asked.forceBodyMode ?? "json",
      } as const;
      // biome-ignore lint/complexity/useLiteralKeys: the library keeps it protected; nothing else signs a request without sending it.
      const { url, headers, body: bytes } = client["getHttpRequestArgs"](sent);
      answer = await sendOff(fetch, `${method} ${path}`, url.href, {
        method,
        headers: picked(headers),
        ...(bytes === undefined ? {} : { body: bytes }),
        signal: request.signal,
        timeoutMs: request.timeoutMs ?? (form ? FORM_MS : ANSWER_MS),
        ...(request.onChunk ? { onChunk: request.onChunk } : {}),
        maxBytes: ANSWER_BYTES,
        maxRedirects: 0,
      });
      return { headers: {}, data: {} };
    },
  };
  const plugins = { plugins: [plugin] };
  const { v2 } = typeof signer === "string" ? new TwitterApi(signer, plugins) : new TwitterApi(signer, plugins);
  const where = { params: { ...params } };
  if (method === "GET") await v2.get(path, { ...query }, where);
  else if (method === "DELETE") await v2.delete(path, { ...query }, where);
  else await v2.post(path, { ...body }, { ...where, forceBodyMode: form ? "form-data" : "json" });
  if (!answer) throw new Error("twitter-api-v2 did not ask its plugin");
  return answer;
}

async function sendOff(
  fetch: Egress["fetch"],
  endpoint: string,
  url: string,
  init: Parameters<Egress["fetch"]>[1],
): Promise<Response> {
  const { status, headers, body } = await fetch(url, init);
  try {
    const text = body.toString("utf8");
    return { status, headers, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
  } catch {
    // A proxy's page about its own trouble still has a status that says enough.
    if (status >= 300) return { status, headers, body: undefined };
    throw unreadable(endpoint, status);
  }
}

/** The headers that are X's business; the guard sets the others. */
function picked(headers: Readonly<Record<string, string>>): Record<string, string> {
  const wanted = Object.entries(headers).filter(([name]) => /^(authorization|content-type)$/i.test(name));
  return { accept: "application/json", ...Object.fromEntries(wanted) };
}
