import { Failure } from "../../../model/failure.ts";
import type { ConnectionContext } from "../../../platform/connection.ts";
import type { AccountContext } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import { type HeldMailbox, holdImap } from "../inbound/imap-mailbox.ts";
import type { MailReader } from "../inbound/mail.ts";
import { heldPop3, onlyImap, type Pop3Sharing } from "../inbound/pop3-connection.ts";
import { mailboxLogin, notedRefusal, tokensOf } from "./access-tokens.ts";
import { IMAP_PATIENCE, type ImapPatience, type ImapWay, openImap } from "./imap/connection.ts";
import { type ImapPool, imapPool } from "./imap/pool.ts";
import type { Tokens } from "./oauth.ts";
import { POP3_PATIENCE } from "./pop3/client.ts";

/** An account's mailbox as `fetch`, `search` and the like reach it, from any worker. */
export interface Mailbox extends ImapPool {
  /** False where the protocol only brings what is new. */
  readonly searches: boolean;
}

/** The mailbox of an account; undefined where it has none. Connects when it is first used. */
export function mailboxFor(
  access: AccountContext<Credentials>,
  credentials: Credentials,
  token: Tokens | undefined,
  patience: ImapPatience = IMAP_PATIENCE,
): Mailbox | undefined {
  if (!credentials.mailbox) return undefined;
  const searches = credentials.mailbox.protocol !== "pop3";
  const pool = imapPool(async (signal) => {
    if (!searches) throw onlyImap();
    return openImap({ ...wayTo(access, credentials, token), patience }, false, signal);
  });
  return { ...pool, searches };
}

/** Listens to an account's mailbox. Throws `auth` or `permanent` where the account lacks what it takes. */
export async function holdMailbox(
  context: ConnectionContext<Credentials>,
  reader: MailReader,
  pop3: Pop3Sharing,
  patience: ImapPatience = IMAP_PATIENCE,
): Promise<HeldMailbox> {
  const token = tokensOf(context, context.credentials, new Set(), notedRefusal(context.state, context.credentials));
  const way = wayTo(context, context.credentials, token);
  if (context.credentials.mailbox?.protocol !== "pop3")
    return holdImap(context, { ...way, patience }, patience, reader);
  const { deleteAfter = false } = context.credentials.mailbox;
  return heldPop3(context, { ...pop3, way: { ...way, patience: POP3_PATIENCE }, reader, deleteAfter });
}

/** The servers' usual ports: with TLS from the first byte, and without. */
const PORTS = { imap: { tls: 993, plain: 143 }, pop3: { tls: 995, plain: 110 } } as const;

/** Where a mailbox is and how to get in, in either protocol. */
type MailboxWay = Omit<ImapWay, "patience">;

function wayTo(
  { egress }: Pick<AccountContext<Credentials>, "egress">,
  credentials: Credentials,
  token: Tokens | undefined,
): MailboxWay {
  const { mailbox } = credentials;
  const login = mailboxLogin(credentials, token);
  if (!mailbox) throw noMailbox();
  if (!login) {
    const detail = "The account has no login for its mailbox: store it again with user and password, or with oauth2.";
    throw new Failure({ kind: "auth", code: "credentials-invalid", detail });
  }
  const { host, ca, protocol } = mailbox;
  const usual = PORTS[protocol];
  const tls = mailbox.tls ?? (mailbox.port === usual.plain ? "starttls" : "implicit");
  const port = mailbox.port ?? (tls === "implicit" ? usual.tls : usual.plain);
  return { connect: egress.connect, host, port, tls, ca, login };
}

/** Says what an account without a mailbox lacks. */
export function noMailbox(): Failure {
  const detail = "The account has no mailbox: store it again with credentials.mailbox, such as {protocol: imap, host}.";
  return new Failure({ kind: "permanent", code: "account-unknown", detail });
}
