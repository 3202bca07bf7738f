import type { Failure } from "../../src/model/failure.ts";
import { refusalFailure } from "../../src/platforms/email/client/pop3/errors.ts";
import { classifyError } from "../../src/platforms/email/errors.ts";
import type { Fault } from "./fault-proxy.ts";
import { IMAP_FAULTS, IMAP_FINAL, POP3_FAULTS, POP3_FINAL, SMTP_FAULTS, SMTP_FINAL } from "./mail-faults.ts";

/** Answer of a mail server, and the failure that the code makes of it. */
type Answer = readonly [answer: string, failure: Failure];

/** Answers of mailboxes' servers to a login. The fault matrix plays the same at each step. */
export const IMAP_ANSWERS: readonly Answer[] = saidIn(IMAP_FINAL, IMAP_FAULTS)
  .filter((line) => /^% (NO|BAD)|^\* BYE \[/.test(line))
  .map((line) => [`\`${line.replace(/^% /, "")}\``, imapFailure(line)]);

export const POP3_ANSWERS: readonly Answer[] = saidIn(POP3_FINAL, POP3_FAULTS).map((line) => [
  `\`${line}\``,
  classifyError(
    refusalFailure({ text: line.replace(/^-ERR ?/, ""), during: "login", marksLogins: false, secrets: [] }),
  ),
]);

/** Table of SMTP's answers, which end activities and no accounts. */
export function smtpTable(): string {
  const rows = saidIn(SMTP_FINAL, SMTP_FAULTS).map((line) => {
    const command = /^(454|535)/.test(line) ? { code: "EAUTH", command: "AUTH PLAIN" } : RECIPIENT;
    const { kind, code } = classifyError(Object.assign(new Error(line), { response: line, ...command }));
    return `| \`${line}\` | ${kind === "auth" || kind === "permanent" ? "`failed`" : "`deferred`"} | \`${code}\` |`;
  });
  return ["| SMTP | target | `error.code` |", "|---|---|---|", ...rows].join("\n");
}
const RECIPIENT = { code: "EENVELOPE", command: "RCPT TO" };

function saidIn(...faults: readonly Readonly<Record<string, Fault>>[]): readonly string[] {
  return faults.flatMap((named) =>
    Object.entries(named).flatMap(([line, { kind }]) => (kind === "says" ? [line] : [])),
  );
}

/** Classifies an answer to a login in the form in which imapflow throws it. */
function imapFailure(line: string): Failure {
  const [, status = "", code = "", text = ""] = /^[%*] (NO|BAD|BYE) (?:\[([A-Z]+)\] )?(.*)$/.exec(line) ?? [];
  if (status === "BYE") return classifyError(Object.assign(new Error(text), { code: "NoConnection" }));
  const facts = { responseStatus: status, authenticationFailed: true, safeText: text };
  return classifyError(Object.assign(new Error(text), facts, code === "" ? {} : { serverResponseCode: code }));
}
