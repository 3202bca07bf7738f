import { Failure } from "../../model/failure.ts";
import { type ErrorEntry, errorTable } from "../../platform/kit/error-table.ts";

const UNKNOWN_NAME: ErrorEntry = { as: "recipient-unknown", detail: "The network has no such nick or channel." };
const NOT_IN_ROOM: ErrorEntry = ["permanent", "not-in-room", "The account is not in that channel: post `join` first."];
const ROOM_REFUSED: ErrorEntry = [
  "permanent",
  "room-refused",
  "The channel does not let the account in or speak (key, invitation, ban, moderation, or not in the channel).",
];
const NICK_IN_USE: ErrorEntry = ["permanent", "nick-in-use", "The nick is taken."];
const BAD_NICK: ErrorEntry = { as: "rejected", detail: "The network does not accept that nick: choose another nick." };
const NOT_OPERATOR: ErrorEntry = { as: "permission", detail: "Only the channel's operators may do that." };
const CLOSED: ErrorEntry = { as: "recipient-unreachable", detail: "The recipient refuses messages of this account." };
const TOO_LONG: ErrorEntry = { as: "content-too-large", detail: "The network does not accept lines of that length." };
const TEXT_REFUSED: ErrorEntry = { as: "content", detail: "The network or the channel refuses the text." };
const TOO_FAST: ErrorEntry = { as: "rate-limited", detail: "The network limits the rate of commands." };
const CONNECTION_LIMIT: ErrorEntry = { as: "rate-limited", detail: "The network limits connections or commands." };
const BANNED: ErrorEntry = [
  "permanent",
  "account-restricted",
  "The network has banned this account or this gateway's address.",
];
/** Entries without proof. ERROR has no defined reasons, only words that each network chooses. */
const BANNED_BY_WORDS: ErrorEntry = [
  "permanent",
  "platform-rejected",
  "The network ended the connection with words of a ban.",
];
const REFUSED_BY_WORDS: ErrorEntry = [
  "auth",
  "platform-rejected",
  "The network ended the connection with words of a refused login.",
];
/** The network asks for a password, and the account has none that could be wrong. */
const PASSWORD_MISSING: ErrorEntry = [
  "auth",
  "platform-rejected",
  "The network asks for a password, and the account has none: store the account with one.",
];
const SERVICES_DOWN: ErrorEntry = {
  as: "unavailable",
  detail: "The network cannot check the login (SASL) at the moment.",
};
const NOT_READY: ErrorEntry = { as: "unavailable", detail: "The network was not ready for that yet." };

/** Meanings of numerics (RFC 2812 and additions of networks) and of this folder's own codes. */
const TABLE = errorTable({
  network: "The IRC network",
  details: {
    tls: "The server offers no trusted encryption (no TLS on that port, or a certificate that does not match).",
    "outcome-unknown": "The connection broke after the text was sent and before the network answered.",
  },
  codes: {
    "263": TOO_FAST,
    "401": UNKNOWN_NAME,
    "402": UNKNOWN_NAME,
    "403": UNKNOWN_NAME,
    "404": ROOM_REFUSED,
    "405": ROOM_REFUSED,
    "406": UNKNOWN_NAME,
    "408": TEXT_REFUSED,
    "417": TOO_LONG,
    "432": BAD_NICK,
    "433": NICK_IN_USE,
    "436": NICK_IN_USE,
    "437": NICK_IN_USE,
    "438": TOO_FAST,
    "439": TOO_FAST,
    "441": UNKNOWN_NAME,
    "442": NOT_IN_ROOM,
    "447": BAD_NICK,
    "451": NOT_READY,
    "463": BANNED,
    "464": "credentials-invalid",
    "465": BANNED,
    "466": BANNED,
    "471": ROOM_REFUSED,
    "473": ROOM_REFUSED,
    "474": ROOM_REFUSED,
    "475": ROOM_REFUSED,
    "476": UNKNOWN_NAME,
    "477": ROOM_REFUSED,
    "479": UNKNOWN_NAME,
    "480": ROOM_REFUSED,
    "481": NOT_OPERATOR,
    "482": NOT_OPERATOR,
    "484": NOT_OPERATOR,
    "485": NOT_OPERATOR,
    "486": CLOSED,
    "489": ROOM_REFUSED,
    "492": TEXT_REFUSED,
    "494": CLOSED,
    "499": NOT_OPERATOR,
    "500": TOO_FAST,
    "520": ROOM_REFUSED,
    "531": CLOSED,
    "716": CLOSED,
    "723": NOT_OPERATOR,
    "742": NOT_OPERATOR,
    "902": "credentials-invalid",
    "904": "credentials-invalid",
    "905": "credentials-invalid",
    IRC_NO_PASSWORD: PASSWORD_MISSING,
    IRC_NO_SASL: {
      as: "unavailable",
      detail: "The network offers no login (SASL) at the moment, which the account requires.",
    },
    IRC_CLOSED: "unreachable",
    IRC_LINE: "protocol-error",
    IRC_UNFIT: { as: "content", detail: "The text does not fit one line of IRC; nothing was sent." },
  },
});

/** Words of a limit that passes. */
const LIMIT = /throttl|too (?:fast|many)|flood|try again|reconnect|wait a|limit|temporar|later/i;
/** Words of services that are away, in a refused login. */
const SERVICES_AWAY = /temporar|too many|try again|later|unavailable|internal|timed? ?out|services|database|offline/i;
/** Meanings of ERROR texts, since ERROR has no numeric; the first match wins. */
const CLOSING_TEXTS: ReadonlyArray<readonly [pattern: RegExp, entry: ErrorEntry, retryAfterMs?: number]> = [
  [LIMIT, CONNECTION_LIMIT, 60_000],
  [/password|not authori[sz]ed|access denied|authentication/i, REFUSED_BY_WORDS, 300_000],
  [/[gkzdq]-?lined?\b|\bakill|\bbanned\b|\bban\b/i, BANNED_BY_WORDS, 900_000],
];
const RATE_LIMIT_WAIT_MS = 30_000;

/** Classifies this folder's errors, Node's errors and refusals; `platformCode` holds the network's own words. */
export function classifyError(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const { code, numeric, serverText } = factsOf(thrown);
  const platformCode = [numeric, serverText].filter((part) => part !== "").join(" ") || code;
  const facts = { platformCode, cause: thrown };
  if (code === "IRC_NUMERIC") {
    const row = TABLE.row(numericEntry(numeric, serverText));
    return TABLE.failure(row, { ...facts, ...(row[0] === "rate-limited" ? { retryAfterMs: RATE_LIMIT_WAIT_MS } : {}) });
  }
  if (code === "IRC_ERROR") {
    const match = CLOSING_TEXTS.find(([pattern]) => pattern.test(reasonIn(serverText)));
    return TABLE.failure(match?.[1] ?? "unreachable", { ...facts, retryAfterMs: match?.[2] });
  }
  const row = TABLE.lookup(code);
  return row ? TABLE.failure(row, facts) : TABLE.classify(thrown);
}

/** Tells whether the server closed the connection in words of a refused login. */
export function isRefusedByWords({ kind, cause }: Failure): boolean {
  return kind === "auth" && factsOf(cause).code === "IRC_ERROR";
}

/** Makes the failure of a password that the server refused several times by ERROR. */
export function refusedPassword({ platformCode, cause }: Failure): Failure {
  return TABLE.failure("credentials-invalid", { platformCode, cause });
}

/** Returns the meaning of a numeric. A refused login and a ban are verdicts only without words of something that passes. */
function numericEntry(numeric: string, serverText: string): ErrorEntry {
  if (/^46[3-6]$/.test(numeric) && LIMIT.test(serverText)) return CONNECTION_LIMIT;
  if (/^90[245]$/.test(numeric) && SERVICES_AWAY.test(serverText)) return SERVICES_DOWN;
  return TABLE.lookup(numeric) ?? "rejected";
}

/** Makes the failure of a break between a sent line and the network's answer. */
export function outcomeUnknown(thrown: unknown): Failure {
  const { platformCode } = classifyError(thrown);
  return TABLE.failure("outcome-unknown", { mayHaveLanded: true, platformCode, cause: thrown });
}

/** Returns the text in the last brackets. Servers put the host before, which may have any name. */
function reasonIn(serverText: string): string {
  return /[([]([^()[\]]*)[)\]]+\s*$/.exec(serverText)?.[1] ?? serverText;
}

function factsOf(thrown: unknown): { readonly code: string; readonly numeric: string; readonly serverText: string } {
  const fields: Readonly<Record<string, unknown>> = thrown instanceof Error ? { ...thrown } : {};
  const textOf = (value: unknown, pattern: RegExp) => (typeof value === "string" && pattern.test(value) ? value : "");
  const code = textOf(fields.code, /^[A-Z0-9_]{1,64}$/);
  const isOurs = code.startsWith("IRC_");
  return {
    code,
    numeric: isOurs ? textOf(fields.numeric, /^(\d{3}|FAIL)$/) : "",
    serverText: isOurs ? textOf(fields.serverText, /^\P{Cc}{1,250}$/u) : "",
  };
}
