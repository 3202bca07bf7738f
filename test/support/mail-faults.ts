import type { Fault } from "./fault-proxy.ts";

/** Faults by their names; `%` stands for an IMAP command's tag. */
type Faults = Readonly<Record<string, Fault>>;

/** Faults of the connection, whatever the protocol. */
const BREAKS: Faults = {
  nothing: { kind: "hangs" },
  "the end": { kind: "closes" },
  "half a line, then the end": { kind: "halves" },
  "half a line, then nothing": { kind: "halves", hangs: true },
  "the answer byte by byte": { kind: "trickles", everyMs: 1, endsWithAnswer: true },
};

function linesAnswer(lines: readonly string[], closes = false): Faults {
  return Object.fromEntries(
    lines.map((line) => {
      const answer = (command: string) => `${line.replace("%", command.split(" ", 1)[0] || "*")}\r\n`;
      return [line, { kind: "says", answer, closes }] as const;
    }),
  );
}

/** Answers of IMAP servers that pass by themselves. Public providers give them, or RFC 5530 defines them. */
export const IMAP_FAULTS: Faults = {
  ...linesAnswer([
    "% NO System Error (Failure)",
    "% BAD User is authenticated but not connected.",
    "% NO [UNAVAILABLE] Temporary authentication failure.",
    "% NO [INUSE] Mailbox is locked.",
    "% NO [LIMIT] Command rate exceeded.",
    "% NO [SERVERBUG] Internal error occurred.",
    "% NO [ALERT] Too many simultaneous connections. (Failure)",
    "% NO [CONTACTADMIN] Ask your administrator.",
    "% NO [TEMPFAIL] Server error - Please try again later",
    "% NO [NONEXISTENT] Unknown Mailbox",
    "% OK Completed, without any data.",
  ]),
  ...linesAnswer(["* BYE [UNAVAILABLE] Server shutting down.", "* BYE Too many connections."], true),
  ...BREAKS,
};

/** Answers that end an account at once (RFC 5530 section 3), given at a login. */
export const IMAP_FINAL: Faults = linesAnswer([
  "% NO [AUTHENTICATIONFAILED] Authentication failed.",
  "% NO [AUTHORIZATIONFAILED] Authorization failed.",
  "% NO [EXPIRED] The password has expired.",
  "% NO [PRIVACYREQUIRED] Use TLS.",
]);

/** Answers of POP3 servers that pass by themselves. */
export const POP3_FAULTS: Faults = {
  ...linesAnswer([
    "-ERR internal error",
    "-ERR Unable to open mailbox",
    "-ERR [IN-USE] Mailbox is locked",
    "-ERR [LOGIN-DELAY] Log in less often",
    "-ERR [SYS/TEMP] Temporary failure",
    "-ERR [SYS/PERM] Storage is damaged",
    "-ERR too many connections",
    "-ERR",
  ]),
  ...linesAnswer(["-ERR Service unavailable, closing"], true),
  ...BREAKS,
};

/** Answer that ends an account at once (RFC 3206 section 4), given at a login. */
export const POP3_FINAL: Faults = linesAnswer(["-ERR [AUTH] Authentication failed."]);

/** Answers of SMTP servers that pass by themselves. */
export const SMTP_FAULTS: Faults = {
  ...linesAnswer(["450 4.2.0 Greylisted", "451 4.3.0 Temporary failure", "454 4.7.0 Temporary authentication failure"]),
  ...linesAnswer(["421 4.7.0 Too many connections"], true),
  ...BREAKS,
};

/** Answers that end an activity at once (RFC 4954 section 6, RFC 5321 section 4.2.1). */
export const SMTP_FINAL: Faults = linesAnswer([
  "535 5.7.8 Authentication credentials invalid",
  "550 5.1.1 User unknown",
]);
