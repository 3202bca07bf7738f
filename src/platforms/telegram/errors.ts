import type { Failure } from "../../model/failure.ts";
import { type ErrorEntry, errorTable } from "../../platform/kit/error-table.ts";

export const table = errorTable({
  network: "Telegram",
  details: {
    "credentials-invalid": "Telegram refuses the bot's token: store the account again with the token of @BotFather.",
    "recipient-unknown": "Telegram knows no such chat for this bot: a person must write to the bot first.",
    "recipient-unreachable": "The person has blocked the bot, or the bot is not in the chat.",
    permission: "The bot lacks the right for this in the chat, or the message is not its own or too old.",
  },
  codes: {
    401: "credentials-invalid",
    403: "recipient-unreachable",
    409: { as: "unavailable", detail: "Another program reads this bot's updates, or a webhook is set." },
    413: "content-too-large",
    429: "rate-limited",
  },
});

/** Descriptions of `400 Bad Request`, which has no finer codes. */
const DESCRIPTIONS: ReadonlyArray<readonly [RegExp, ErrorEntry]> = [
  [/chat not found|user not found|PEER_ID_INVALID|group chat was upgraded|chat_id is empty/i, "recipient-unknown"],
  [/too long|too big|too large|MESSAGE_TOO_LONG/i, "content-too-large"],
  [
    /not enough rights|no rights|administrator|ADMIN_REQUIRED|can't be (edited|deleted)|to (edit|delete|react|be replied).{0,80} not found|USER_NOT_PARTICIPANT|not a member/i,
    "permission",
  ],
  [
    /wrong (file|remote)|failed to get HTTP URL content|file must be|IMAGE_PROCESS_FAILED|REACTION_INVALID|can't parse/i,
    "content",
  ],
];

/** Unsuccessful response of the Bot API. */
export interface Refusal {
  readonly status: number;
  /** Parsed body, of any type. */
  readonly body: unknown;
  /** Whether the request may have changed something. */
  readonly changes: boolean;
}

/**
 * Returns the failure of an unsuccessful response. Only Telegram's own JSON is believed: a proxy's 401 or 404 is
 * transient. `platformCode` is the error code; descriptions are not shown, since they may repeat what was sent.
 */
export function failureFor({ status, body, changes }: Refusal): Failure {
  const { code, description, retryAfter } = errorIn(body);
  if (code === undefined) {
    const mayHaveLanded = changes && (status >= 500 || status < 300);
    return table.failure(status < 300 ? "protocol-error" : "unavailable", {
      platformCode: `HTTP ${status}`,
      mayHaveLanded,
    });
  }
  return table.failure(entryOf(code, description), {
    platformCode: String(code),
    retryAfterMs: code === 429 ? Math.min(Math.max(1, retryAfter ?? 1), 86_400) * 1_000 : undefined,
    mayHaveLanded: changes && code >= 500,
  });
}

function entryOf(code: number, description: string): ErrorEntry {
  const row = table.lookup(code);
  if (row) return row;
  // The API answers 404 to a token of a wrong form, and to unknown methods, which the gateway does not call.
  if (code === 404) return "credentials-invalid";
  if (code >= 500) return "unavailable";
  return DESCRIPTIONS.find(([pattern]) => pattern.test(description))?.[1] ?? "rejected";
}

/** Returns the chat that has taken a group's place. A group that becomes a supergroup gets another id. */
export function migratedTo({ body }: Refusal): number | undefined {
  const id = recordOf(recordOf(body).parameters).migrate_to_chat_id;
  return errorIn(body).code === 400 && Number.isSafeInteger(id) ? Number(id) : undefined;
}

/** Tells whether a failure only says that the message has the wanted content already. */
export function isNotModified({ body }: Refusal): boolean {
  return /message is not modified/i.test(errorIn(body).description);
}

function errorIn(body: unknown) {
  const record = recordOf(body);
  const code = record.ok === false && Number.isSafeInteger(record.error_code) ? Number(record.error_code) : undefined;
  const retryAfter = Number(recordOf(record.parameters).retry_after);
  return {
    code,
    description: typeof record.description === "string" ? record.description.slice(0, 512) : "",
    retryAfter: Number.isFinite(retryAfter) ? retryAfter : undefined,
  };
}

/** Returns the value as an object, else an empty one. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** Failure of the gateway's own pacing. */
export function pacedFailure(retryAfterMs: number): Failure {
  return table.failure("rate-limited", { platformCode: "pacing", retryAfterMs });
}

/** Failure of work that broke after a part of it was sent. */
export function outcomeUnknown(cause: unknown): Failure {
  return table.failure("outcome-unknown", { mayHaveLanded: true, cause });
}

/** Classifies errors of the Bot API client: failures, aborts and network errors. */
export const classifyError = table.classify;
