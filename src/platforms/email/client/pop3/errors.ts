import { Failure, type FailureKind } from "../../../../model/failure.ts";
import { cleanLine } from "../../schemas/event-bounds.ts";

/** At which point a server refused, and what it promised about its codes. */
export interface Refusal {
  readonly text: string;
  readonly during: "login" | "tls" | "work";
  /** True when the server marks every wrong login with `[AUTH]` (RFC 3206). */
  readonly marksLogins: boolean;
  /** What the server was told and must not be heard of again. */
  readonly secrets: readonly string[];
}

type Meaning = readonly [kind: FailureKind, code: string, detail: string];
const LOGIN: Meaning = ["auth", "credentials-invalid", "The mail server refuses the login: store the account again."];
const IN_USE: Meaning = ["retryable", "platform-unavailable", "Another program has the mailbox open."];
const LATER: Meaning = ["retryable", "platform-unavailable", "The mail server asks to come back later."];
const DELAY: Meaning = ["rate-limited", "platform-rate-limited", "The mail server limits how often one may log in."];
const REFUSED: Meaning = ["permanent", "platform-rejected", "The mail server refuses to open the mailbox over POP3."];
const TLS: Meaning = ["permanent", "tls-failed", "The mail server offers no encryption (STLS); no login was sent."];

/** Response codes of RFC 2449 section 6.4 and RFC 3206. */
const CODES: Readonly<Record<string, Meaning>> = {
  AUTH: LOGIN,
  "IN-USE": IN_USE,
  "LOGIN-DELAY": DELAY,
  "SYS/TEMP": LATER,
  "SYS/PERM": REFUSED,
};
/** What servers without codes say when the login itself is right. */
const BUSY = /\b(lock(ed)?|busy|in use|temporar\w*|try again|later|timed? ?out)\b/i;

/** Says what a server's `-ERR` means. `platformCode` is what it said, without secrets. */
export function refusalFailure({ words: text, during, marksLogins, secrets }: Refusal): Failure {
  let redacted = text;
  for (const secret of secrets) if (secret.length > 3) redacted = redacted.replaceAll(secret, "***");
  const marked = CODES[/^\[([A-Z0-9/-]{1,32})\]/i.exec(text)?.[1]?.toUpperCase() ?? ""];
  const [kind, code, detail] = during === "tls" ? TLS : (marked ?? unmarked(text, during, marksLogins));
  const platformCode = cleanLine(`-ERR ${redacted}`, 300);
  return new Failure({ kind, code, detail, platformCode });
}

/** True for a failure that is a server's own answer: the conversation may go on after it. */
export function isRefusal(thrown: unknown): thrown is Failure {
  return thrown instanceof Failure && thrown.platformCode?.startsWith("-ERR") === true;
}

function unmarked(text: string, during: "login" | "work", marksLogins: boolean): Meaning {
  if (BUSY.test(text)) return LATER;
  if (during === "work") return REFUSED;
  return marksLogins ? LATER : LOGIN;
}
