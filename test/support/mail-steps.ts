import type { FaultProxyOptions } from "./fault-proxy.ts";

/** Mail protocols whose steps have names. */
export type MailProtocol = "imap" | "pop3" | "smtp";

/** Returns the naming of a protocol's steps. Commands in capitals, and `dot` for the end of a mail. */
export function mailSteps(protocol: MailProtocol): FaultProxyOptions["steps"] {
  if (protocol === "imap") return () => imapStep;
  return protocol === "smtp" ? smtpSteps : () => (line) => line.trimEnd().split(" ", 1)[0]?.toUpperCase();
}

/** Commands that differ in nothing that a fault would show. */
const ALIKE: Readonly<Record<string, string>> = { AUTHENTICATE: "LOGIN", EXAMINE: "SELECT", LSUB: "LIST" };

function imapStep(line: string): string | undefined {
  const word = /^[A-Za-z0-9]+ (?:UID )?([A-Za-z]+)/.exec(line)?.[1]?.toUpperCase();
  return word === undefined ? undefined : (ALIKE[word] ?? word);
}

function smtpSteps(): (line: string) => string | undefined {
  let isBody = false;
  return (line) => {
    if (isBody) {
      isBody = line !== ".\r\n";
      return isBody ? undefined : "dot";
    }
    const word = line.trimEnd().split(/[ :]/, 1)[0]?.toUpperCase();
    isBody = word === "DATA";
    return word;
  };
}
