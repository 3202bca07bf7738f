import { Failure } from "../../../model/failure.ts";
import type { AccountContext } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import { mailboxLogin } from "./access-tokens.ts";
import { IMAP_TIMEOUTS, type ImapTimeouts, openImap } from "./imap/connection.ts";
import { type ImapPool, imapPool } from "./imap/pool.ts";
import type { MailboxEndpoint } from "./mailbox-endpoint.ts";
import type { Tokens } from "./oauth.ts";
import { verbFailure } from "./verdict.ts";

/** An account's mailbox as `fetch`, `search` and similar verbs use it, in any worker. */
export interface Mailbox extends ImapPool {
  /** False for POP3, which only brings new mail. */
  readonly canSearch: boolean;
}

/** Returns an account's mailbox, undefined where there is none. Connects at the first use. */
export function createMailbox(
  account: Pick<AccountContext<Credentials>, "egress">,
  credentials: Credentials,
  token: Tokens | undefined,
  timeouts: ImapTimeouts = IMAP_TIMEOUTS,
): Mailbox | undefined {
  if (!credentials.mailbox) return undefined;
  const canSearch = credentials.mailbox.protocol !== "pop3";
  const pool = imapPool(async (signal) => {
    if (!canSearch) throw needsImap();
    const endpoint = { ...mailboxEndpoint(account, credentials, token), timeouts };
    return openImap(endpoint, false, signal).catch((thrown: unknown) => {
      signal.throwIfAborted();
      throw verbFailure(thrown);
    });
  });
  return { ...pool, canSearch };
}

/** The servers' default ports: with TLS from the first byte, and without. */
const PORTS = { imap: { tls: 993, plain: 143 }, pop3: { tls: 995, plain: 110 } } as const;

/** Returns address and login of the account's mailbox. Throws `auth` or `permanent` when the account lacks either. */
export function mailboxEndpoint(
  { egress }: Pick<AccountContext<Credentials>, "egress">,
  credentials: Credentials,
  token: Tokens | undefined,
): MailboxEndpoint {
  const { mailbox } = credentials;
  const login = mailboxLogin(credentials, token);
  if (!mailbox) throw noMailbox();
  if (!login) {
    const detail = "The account has no login for its mailbox: store it again with user and password, or with oauth2.";
    throw new Failure({ kind: "auth", code: "credentials-invalid", detail });
  }
  const { host, ca, protocol } = mailbox;
  const defaultPort = PORTS[protocol];
  const tls = mailbox.tls ?? (mailbox.port === defaultPort.plain ? "starttls" : "implicit");
  const port = mailbox.port ?? (tls === "implicit" ? defaultPort.tls : defaultPort.plain);
  return { connect: egress.connect, host, port, tls, ca, login };
}

/** Makes the failure for an account without a mailbox. */
export function noMailbox(): Failure {
  const detail = "The account has no mailbox: store it again with credentials.mailbox, such as {protocol: imap, host}.";
  return new Failure({ kind: "permanent", code: "account-unknown", detail });
}

/** Makes the failure for a verb that POP3 does not support. */
export function needsImap(): Failure {
  const detail =
    "The account's mailbox uses POP3, which only reports new mail of the inbox: store the account with imap.";
  return new Failure({ kind: "permanent", code: "verb-not-supported", detail });
}
