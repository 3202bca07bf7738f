import { isProvenRefusal, isRefusal } from "../../src/connections/refusal-evidence.ts";
import type { Failure } from "../../src/model/failure.ts";
import { grantFailure } from "../../src/platform/kit/oauth2.ts";
import { codedError } from "../../src/platforms/irc/client/coded-error.ts";
import { classifyError as ircFailure, refusedPassword } from "../../src/platforms/irc/errors.ts";
import { loginFailure, noLogin, noTls, classifyError as xmppFailure } from "../../src/platforms/xmpp/errors.ts";
import { IMAP_ANSWERS, POP3_ANSWERS, smtpTable } from "./mail-answers.ts";

/** Answer of a network to a connection, and the failure that results. */
type Answer = readonly [answer: string, failure: Failure];

const named = (name: string, condition: string, facts: object = {}): Error =>
  Object.assign(new Error(), { name, condition, ...facts });
const sasl = (condition: string, text = ""): Failure => xmppFailure(named("SASLError", condition, { text }));
const stream = (condition: string): Failure => xmppFailure(named("StreamError", condition));
const bind = (type: string): Failure => xmppFailure(loginFailure(named("StanzaError", "not-allowed", { type })));
const numeric = (number: string, serverText = "words"): Failure =>
  ircFailure(codedError("IRC_NUMERIC", "", { numeric: number, serverText }));
const closing = (serverText: string): Failure => ircFailure(codedError("IRC_ERROR", "", { serverText }));
const closedByWords = closing("Closing Link: h (Access denied)");

const XMPP: readonly Answer[] = [
  ["SASL `not-authorized`", sasl("not-authorized")],
  ["SASL `credentials-expired`", sasl("credentials-expired")],
  ["SASL `account-disabled`", sasl("account-disabled")],
  ['SASL `not-authorized` with words such as "too many attempts"', sasl("not-authorized", "Too many attempts")],
  ["SASL `temporary-auth-failure`", sasl("temporary-auth-failure")],
  ["SASL, every other condition", sasl("a-condition")],
  ["only logins that are not supported (SASL2, `-PLUS`, others)", noLogin(["SASL2"])],
  ["no trusted encryption", noTls()],
  ["stream error `conflict`", stream("conflict")],
  ["stream error `resource-constraint`", stream("resource-constraint")],
  ["stream error `host-unknown`, `host-gone`", stream("host-unknown")],
  ["stream error `not-authorized`", stream("not-authorized")],
  ["stream error `policy-violation`, `reset`, `system-shutdown`, every other", stream("reset")],
  ["binding or another request refused, type `wait`", bind("wait")],
  ["binding or another request refused, other types", bind("cancel")],
];
const IRC: readonly Answer[] = [
  ["`904`, `902`, `905`", numeric("904")],
  ['`904` with words such as "services unavailable"', numeric("904", "Services are unavailable")],
  ["`464`, where the account has a password", numeric("464")],
  ["`464`, where it has none", ircFailure(codedError("IRC_NO_PASSWORD", ""))],
  ["`465`, `463`, `466`", numeric("465")],
  ['`465` with words of a limit, such as "throttled"', numeric("465", "You are throttled")],
  ["`433`, `436`, `437` for every similar nick", numeric("433")],
  ["`432`", numeric("432")],
  ['`ERROR` with words of a limit ("Throttled", "too many connections")', closing("Closing Link: h (Throttled)")],
  ["`ERROR` with words of a refused password, three times in a row", refusedPassword(closedByWords)],
  ['`ERROR` with words of a ban ("K-Lined")', closing("Closing Link: h (K-Lined)")],
  ["`ERROR`, every other", closing("Closing Link: h (Server going down)")],
  ["no SASL offered, where the account has a login", ircFailure(codedError("IRC_NO_SASL", ""))],
];
const EVERYWHERE: readonly Answer[] = [
  [
    "OAuth token server: `invalid_grant` and the other errors of RFC 6749 and OpenID",
    grantFailure(400, "invalid_grant"),
  ],
  ["OAuth token server: 401 without the name of an error", grantFailure(401)],
  [
    "OAuth token server: `temporarily_unavailable`, a web page, every other",
    grantFailure(403, "temporarily_unavailable"),
  ],
  ["no answer in time", xmppFailure(codedError("ETIMEDOUT", ""))],
  ["connection refused, reset or closed", xmppFailure(codedError("ECONNRESET", ""))],
];

function stateOf(failure: Failure): string {
  if (!isRefusal(failure)) {
    const wait = failure.retryAfterMs === undefined ? "" : `, after ${failure.retryAfterMs / 1_000} s`;
    return `\`offline\`${wait}`;
  }
  const state = `\`${failure.kind === "permanent" ? "restricted" : "needs-login"}\``;
  return isProvenRefusal(failure) ? state : `\`offline\`; ${state} once it has stayed the same for a day`;
}

/** Tables of docs/sessions.md as the code makes them. */
export function answersTables(): string {
  const tables = { XMPP, IRC, IMAP: IMAP_ANSWERS, POP3: POP3_ANSWERS, "All networks": EVERYWHERE };
  const sessions = Object.entries(tables)
    .map(([network, answers]) => {
      const rows = answers.map(([answer, failure]) => `| ${answer} | ${stateOf(failure)} | \`${failure.code}\` |`);
      return [`| ${network} | \`state\` | \`error.code\` |`, "|---|---|---|", ...rows].join("\n");
    })
    .join("\n\n");
  return `${sessions}\n\n${smtpTable()}`;
}
