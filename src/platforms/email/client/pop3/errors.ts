import { Failure } from "../../../../model/failure.ts";
import { type ErrorEntry, errorTable } from "../../../../platform/kit/error-table.ts";
import { cleanLine } from "../../schemas/event-bounds.ts";

/** A server's `-ERR` and its circumstances. */
export interface Refusal {
  readonly text: string;
  readonly during: "login" | "tls" | "work";
  /** True when the server marks every wrong login with `[AUTH]` (RFC 3206). */
  readonly marksLogins: boolean;
  /** Values that must be removed from the text. */
  readonly secrets: readonly string[];
}

/** Response codes of RFC 2449 section 6.4 and RFC 3206. */
const table = errorTable({
  network: "The mail server",
  details: {
    unavailable: "The mail server asks to retry later.",
    "rate-limited": "The mail server limits how often one may log in.",
    rejected: "The mail server refuses to open the mailbox over POP3.",
    tls: "The mail server offers no encryption (STLS); no login was sent.",
  },
  codes: {
    AUTH: "credentials-invalid",
    "IN-USE": { as: "unavailable", detail: "Another program has the mailbox open." },
    "LOGIN-DELAY": "rate-limited",
    "SYS/TEMP": "unavailable",
    "SYS/PERM": "rejected",
  },
});
/** Refusal that says nothing about the login. The core makes it final once it has stayed the same. */
const UNPROVEN: ErrorEntry = [
  "auth",
  "platform-rejected",
  "The mail server refuses the login, and does not say that the login is wrong.",
];
/** Texts by which a server takes back its `[AUTH]`. */
const PASSING = /temporar|try again|too many|\blater\b|unavailable|internal error/i;
/** Texts of servers without codes for a temporary refusal of a correct login. */
const BUSY = /\b(lock(ed)?|busy|in use|temporar\w*|try again|later|timed? ?out)\b/i;

/** Makes the failure for a server's `-ERR`. `platformCode` is the server's text without secrets. */
export function refusalFailure({ text, during, marksLogins, secrets }: Refusal): Failure {
  let redacted = text;
  for (const secret of secrets) if (secret.length > 3) redacted = redacted.replaceAll(secret, "***");
  const code = /^\[([A-Z0-9/-]{1,32})\]/i.exec(text)?.[1]?.toUpperCase() ?? "";
  const entry = during === "tls" ? "tls" : entryOf(code, text, during, marksLogins);
  return table.failure(entry, { platformCode: cleanLine(`-ERR ${redacted}`, 300) });
}

/** Tells whether a failure is the server's own answer: then the conversation may go on. */
export function isRefusal(thrown: unknown): thrown is Failure {
  return thrown instanceof Failure && thrown.platformCode?.startsWith("-ERR") === true;
}

function entryOf(code: string, text: string, during: "login" | "work", marksLogins: boolean): ErrorEntry {
  if (code === "AUTH" && PASSING.test(text)) return UNPROVEN;
  return table.lookup(code) ?? unmarked(text, during, marksLogins);
}

function unmarked(text: string, during: "login" | "work", marksLogins: boolean): ErrorEntry {
  if (BUSY.test(text)) return "unavailable";
  if (during === "work") return "rejected";
  return marksLogins ? "unavailable" : UNPROVEN;
}
