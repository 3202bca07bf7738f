import { Failure } from "../../../model/failure.ts";
import { failureWith } from "../../../platform/kit/error-table.ts";
import type { Blob, Egress } from "../../../platform/platform.ts";
import { failureFor, isNotModified, migratedTo, recordOf } from "../errors.ts";
import { multipart } from "./multipart.ts";

/** Address of the Bot API; operators may set another by `TELEGRAM_API_URL`. */
export const BOT_API = "https://api.telegram.org";
const ANSWER_TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** Largest file that the Bot API lets bots download. */
const MAX_FILE_BYTES = 20 * 1024 * 1024;

/** Request to the Bot API. */
export interface ApiRequest {
  readonly method: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Files to upload, by field or by the name in `attach://name`. */
  readonly files?: Readonly<Record<string, Blob>>;
  readonly signal: AbortSignal;
  /** Awaited just before the request is sent: `commit` belongs here. */
  readonly beforeSend?: () => Promise<void>;
  /** True when repeating has no further effect. A broken connection is then a plain reason to retry. */
  readonly isIdempotent?: boolean;
  /** Milliseconds to wait for an answer; default 30 s. */
  readonly timeoutMs?: number;
}

/** Bot API for one bot, through the egress guard. */
export interface BotApi {
  /**
   * Returns `result` of a success; throws a `Failure` for every other answer. Follows a group that has become a supergroup,
   * which has another id.
   */
  readonly request: (request: ApiRequest) => Promise<unknown>;
  /** Downloads a file by the path that `getFile` answered. */
  readonly download: (path: string, signal: AbortSignal) => Promise<Buffer>;
}

/** Opens the Bot API with a bot's token; sends nothing yet. The token is part of each address (Telegram's choice). */
export function botApi(fetch: Egress["fetch"], token: string, base: string): BotApi {
  async function request(options: ApiRequest, follows = true): Promise<unknown> {
    const { method, parameters = {}, files = {}, signal, beforeSend, isIdempotent = false } = options;
    await beforeSend?.();
    const changes = !isIdempotent;
    const { contentType, body } = multipart(parameters, files);
    const answer = await fetch(`${base}/bot${token}/${method}`, {
      method: "POST",
      headers: { "content-type": contentType, accept: "application/json" },
      body,
      signal,
      timeoutMs: options.timeoutMs ?? ANSWER_TIMEOUT_MS,
      maxBytes: MAX_ANSWER_BYTES,
      maxRedirects: 0,
    }).catch((thrown: unknown) => {
      throw sendFailure(thrown, signal, changes);
    });
    const parsed = parse(answer.body);
    const { ok, result } = recordOf(parsed);
    if (ok === true && answer.status === 200) return result;
    const refusal = { status: answer.status, body: parsed, changes };
    if (isNotModified(refusal)) return true;
    const chat = migratedTo(refusal);
    if (follows && chat !== undefined && parameters.chat_id !== undefined) {
      const { beforeSend: _, ...repeated } = options;
      return request({ ...repeated, parameters: { ...parameters, chat_id: chat } }, false);
    }
    throw failureFor(refusal);
  }

  async function download(path: string, signal: AbortSignal): Promise<Buffer> {
    const timeoutMs = ANSWER_TIMEOUT_MS * 2;
    const url = `${base}/file/bot${token}/${path.split("/").map(encodeURIComponent).join("/")}`;
    const { status, body } = await fetch(url, { signal, timeoutMs, maxBytes: MAX_FILE_BYTES, maxRedirects: 0 });
    if (status !== 200) throw failureFor({ status, body: parse(body), changes: false });
    return body;
  }

  return { request: (options) => request(options), download };
}

/** Marks a broken request as possibly carried out, unless it is idempotent. */
function sendFailure(thrown: unknown, signal: AbortSignal, changes: boolean): unknown {
  if (changes && signal.aborted) {
    const detail = "The attempt was stopped before Telegram's answer.";
    return new Failure({ kind: "retryable", code: "platform-timeout", detail, mayHaveLanded: true, cause: thrown });
  }
  if (changes || !(thrown instanceof Failure) || !thrown.mayHaveLanded) return thrown;
  return failureWith(thrown, { mayHaveLanded: false });
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch {
    // A proxy's error page is not JSON; its status says enough.
    return undefined;
  }
}
