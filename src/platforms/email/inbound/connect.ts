import type { ConnectionContext } from "../../../platform/connection.ts";
import { fairSemaphore } from "../../../platform/kit/semaphore.ts";
import { accountTokens, refusedAtLastConnection } from "../client/access-tokens.ts";
import { IMAP_TIMEOUTS, type ImapTimeouts } from "../client/imap/connection.ts";
import { mailboxEndpoint } from "../client/mailbox.ts";
import { POP3_TIMEOUTS, type Pop3Timeouts } from "../client/pop3/client.ts";
import { isServerAnswer } from "../client/verdict.ts";
import type { Credentials } from "../credentials.ts";
import { classifyError } from "../errors.ts";
import { type ConnectedMailbox, connectImap } from "./imap-mailbox.ts";
import type { MailReaders } from "./mail-reader.ts";
import { connectPop3 } from "./pop3-connect.ts";

export interface InboundSettings {
  readonly imapTimeouts?: ImapTimeouts;
  readonly pop3Timeouts?: Pop3Timeouts;
  /** Interval between two polls of a POP3 mailbox; default a minute, less only for tests. */
  readonly pop3PollMs?: number;
}

/** Large POP3 mails that a process fetches at the same time. */
const MAX_LARGE_MAILS = 4;
/** An app gets half of them: servers that send slowly leave some for other apps. */
const LARGE_MAIL_SHARES = { perFree: 1, reserve: 0 };

/** Returns the function that connects an account's mailbox; throws `auth` or `permanent` for missing credentials. */
export function mailboxConnector(
  readers: MailReaders,
  { imapTimeouts = IMAP_TIMEOUTS, pop3Timeouts = POP3_TIMEOUTS, pop3PollMs }: InboundSettings,
): (connection: ConnectionContext<Credentials>) => Promise<ConnectedMailbox> {
  const largeMails = fairSemaphore(MAX_LARGE_MAILS, LARGE_MAIL_SHARES);
  async function connect(connection: ConnectionContext<Credentials>): Promise<ConnectedMailbox> {
    const { app, credentials, state } = connection;
    const reader = readers.forApp(app);
    const wasRefused = refusedAtLastConnection(state, credentials);
    const token = accountTokens(connection, credentials, new Set(), wasRefused);
    const endpoint = mailboxEndpoint(connection, credentials, token);
    if (credentials.mailbox?.protocol !== "pop3") {
      return connectImap(connection, { ...endpoint, timeouts: imapTimeouts }, reader);
    }
    const { deleteAfter = false } = credentials.mailbox;
    return connectPop3(connection, {
      largeMails,
      pollMs: pop3PollMs,
      endpoint: { ...endpoint, timeouts: pop3Timeouts },
      reader,
      deleteAfter,
    });
  }
  return async (connection) => {
    const onDisconnected = (thrown: unknown) => connection.onDisconnected(judged(thrown));
    return connect({ ...connection, onDisconnected }).catch((thrown: unknown) => {
      throw judged(thrown);
    });
  };
}

/** Returns the failure of a server's answer, judged by evidence. Other errors pass as they are. */
function judged(thrown: unknown): unknown {
  const failure = classifyError(thrown);
  return isServerAnswer(failure) ? failure : thrown;
}
