import { Failure } from "../../model/failure.ts";
import { FAILED_LOGIN, GOODBYES, type Meaning, NUMERICS, OTHERWISE } from "./client/numerics.ts";

const TLS: Meaning = [
  "permanent",
  "tls-failed",
  "The server offers no encryption that can be trusted (no TLS on that port, or its certificate does not fit).",
];
const SLOW: Meaning = ["retryable", "platform-timeout", "The network did not answer in time."];
const AWAY: Meaning = ["retryable", "platform-unavailable", "The network can't be reached or broke the connection."];
const ODD: Meaning = ["retryable", "platform-protocol-error", "The server's answer makes no sense."];
const NO_LOGIN: Meaning = [
  "retryable",
  "platform-unavailable",
  "The network offers no login (SASL) at the moment, which the account demands.",
];
const STOPPED: Meaning = ["retryable", "platform-timeout", "The work was stopped before it was complete."];
const UNFIT: Meaning = ["permanent", "content-refused", "It can't be said in one line of IRC; nothing was sent."];
const BROKEN: Meaning = ["retryable", "internal-error", "Something broke on our side before anything left."];

/** Node's codes for a certificate or TLS version that can't be accepted. */
const CERTIFICATE = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|EPROTO$|HOSTNAME_MISMATCH)/;

const MEANINGS = new Map<string, Meaning>([
  ["IRC_SASL", FAILED_LOGIN],
  ["IRC_NO_SASL", NO_LOGIN],
  ["IRC_CLOSED", AWAY],
  ["IRC_LINE", ODD],
  ["IRC_UNFIT", UNFIT],
  ["ETIMEDOUT", SLOW],
  ["ECONNREFUSED", AWAY],
  ["ECONNRESET", AWAY],
  ["ECONNABORTED", AWAY],
  ["EPIPE", AWAY],
  ["ENOTFOUND", AWAY],
  ["EAI_AGAIN", AWAY],
  ["EHOSTUNREACH", AWAY],
  ["ENETUNREACH", AWAY],
  ["EHOSTDOWN", AWAY],
  ["ABORT_ERR", STOPPED],
]);

/** Says what this platform's faults, Node's errors and the network's refusals mean; `platformCode` holds the network's own. */
export function classifyError(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const { code, numeric, words } = partsOf(thrown);
  const [kind, name, detail, retryAfterMs] = meaningOf(thrown, code, numeric, words);
  const platformCode = [numeric || (words ? "" : code), words].filter((part) => part !== "").join(" ");
  return new Failure({
    kind,
    code: name,
    detail,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(platformCode === "" ? {} : { platformCode }),
    cause: thrown,
  });
}

/** The failure of a break after a line has left: nobody knows whether the network took it. */
export function outcomeUnknown(thrown: unknown): Failure {
  const { platformCode } = classifyError(thrown);
  return new Failure({
    kind: "retryable",
    code: "outcome-unknown",
    detail: "The connection broke after the text had left and before the network said what became of it.",
    mayHaveLanded: true,
    ...(platformCode === undefined ? {} : { platformCode }),
    cause: thrown,
  });
}

function meaningOf(thrown: unknown, code: string, numeric: string, words: string): Meaning {
  if (code === "IRC_NUMERIC") return (Object.hasOwn(NUMERICS, numeric) && NUMERICS[numeric]) || OTHERWISE;
  if (code === "IRC_ERROR") return GOODBYES.find(([pattern]) => pattern.test(reasonIn(words)))?.[1] ?? AWAY;
  if (CERTIFICATE.test(code)) return TLS;
  if (thrown instanceof Error && /^(Abort|Timeout)Error$/.test(thrown.name)) return STOPPED;
  return MEANINGS.get(code) ?? BROKEN;
}

/** What stands in the last brackets: before them servers name the host, which may be called anything. */
function reasonIn(words: string): string {
  return /[([]([^()[\]]*)[)\]]+\s*$/.exec(words)?.[1] ?? words;
}

function partsOf(thrown: unknown): { readonly code: string; readonly numeric: string; readonly words: string } {
  const fields: Readonly<Record<string, unknown>> = thrown instanceof Error ? { ...thrown } : {};
  const word = (value: unknown, fits: RegExp) => (typeof value === "string" && fits.test(value) ? value : "");
  const code = word(fields.code, /^[A-Z0-9_]{1,64}$/);
  const own = code.startsWith("IRC_");
  return {
    code,
    numeric: own ? word(fields.numeric, /^(\d{3}|FAIL)$/) : "",
    words: own ? word(fields.words, /^\P{Cc}{1,250}$/u) : "",
  };
}
