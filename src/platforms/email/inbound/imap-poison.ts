import { setTimeout as sleep } from "node:timers/promises";
import type { ImapFlow } from "imapflow";
import { Failure } from "../../../model/failure.ts";
import type { ConnectionContext } from "../../../platform/connection.ts";
import { causeOf } from "../client/imap/connection.ts";
import { searchUids } from "../client/imap/find-mails.ts";
import { MissingContent } from "./imap-large.ts";
import { type FetchedMail, readMail, validDate } from "./imap-read.ts";
import type { MailReader } from "./mail-reader.ts";
import { unreadableMail } from "./unreadable-mail.ts";

/** Failed tries after which a mail is stepped over. A single mail must not block all later mails. */
const MAX_TRIES = 5;
/** Failed tries after which the server is not even asked for the mail's size. */
const MAX_TRIES_OF_SIZE = 7;
const RETRY_MS = 200;
const REASON = "the server refuses it, gives it without content or ends the connection over it";
const HINT = "`fetch` with this uid and `raw: true` returns its raw form.";

/** Place of a mail, and services for reading. */
export interface MailPosition {
  readonly folder: string;
  readonly uidValidity: string;
  readonly uid: number;
}

/**
 * Reads a mail that the server may refuse, give without content, or break over. Such a mail is tried a few times, also over
 * new connections, and then replaced by a note of what is known. Undefined when the mail is gone. `stored` is the folder's
 * count of failed tries, see `poisonKey`.
 */
export async function readOrStepOver(
  imap: ImapFlow,
  position: MailPosition,
  stored: string | undefined,
  reader: MailReader,
  connection: Pick<ConnectionContext<unknown>, "state" | "log" | "signal">,
): Promise<FetchedMail | undefined> {
  const { signal, state } = connection;
  for (let attempts = triesOf(position, stored); ; attempts += 1) {
    try {
      if (attempts >= MAX_TRIES) return await stepOver(imap, position, attempts, connection);
      const mail = await readMail(imap, position.uid, reader, signal);
      // A server may answer OK without the mail that it lists.
      if (!mail && (await searchUids(imap, { uid: String(position.uid) })).length > 0) throw new MissingContent();
      return mail;
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof Failure && thrown.code === "internal-error") throw thrown;
      await state.write(poisonKey(position.folder), `${position.uidValidity}:${position.uid} ${attempts + 1}`);
      if (!imap.usable) throw causeOf(imap, thrown);
      await sleep(RETRY_MS * (attempts + 1), undefined, { signal });
    }
  }
}

/** Asks for size and date, which a server gives of nearly any mail. */
async function stepOver(
  imap: ImapFlow,
  position: MailPosition,
  attempts: number,
  connection: Pick<ConnectionContext<unknown>, "log">,
): Promise<FetchedMail> {
  const query = { uid: true, size: true, internalDate: true };
  if (attempts >= MAX_TRIES_OF_SIZE) return noted(position, undefined, undefined, connection);
  const message = await imap.fetchOne(String(position.uid), query, { uid: true }).catch((thrown: unknown) => {
    if (!imap.usable) throw thrown;
    return false as const;
  });
  const { size, internalDate } = message || {};
  return noted(position, size, validDate(internalDate), connection);
}

function noted(
  { folder, uid }: MailPosition,
  size: number | undefined,
  received: Date | undefined,
  { log }: Pick<ConnectionContext<unknown>, "log">,
): FetchedMail {
  log.warn({ platform: "email", folder, uid, size }, "mail could not be read; stepped over");
  const source = Buffer.alloc(0);
  const mail = unreadableMail(REASON, HINT, size);
  return { mail, source, traits: { messageId: undefined, hash: "", size: size ?? 0 }, flags: [], received };
}

/** Returns the failed tries of a mail. The stored count is of a single mail. */
function triesOf({ uidValidity, uid }: MailPosition, stored = ""): number {
  const [mail, attempts] = stored.split(" ");
  return mail === `${uidValidity}:${uid}` ? Number(attempts) : 0;
}

/** Returns the state key of the failed tries of a folder's mail. */
export function poisonKey(folder: string): string {
  return `poison:${folder}`;
}
