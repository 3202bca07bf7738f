import { setTimeout as sleep } from "node:timers/promises";
import type { ImapFlow } from "imapflow";
import { Failure } from "../../../model/failure.ts";
import type { ConnectionContext } from "../../../platform/connection.ts";
import { causeOf } from "../client/imap/connection.ts";
import { searchUids } from "../client/imap/find-mails.ts";
import { type FetchedMail, MissingContent, readMail, validDate } from "./imap-read.ts";
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
export interface MailPlace {
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
  place: MailPlace,
  stored: string | undefined,
  reader: MailReader,
  connection: Pick<ConnectionContext<unknown>, "state" | "log" | "signal">,
): Promise<FetchedMail | undefined> {
  const { signal, state } = connection;
  for (let tries = triesOf(place, stored); ; tries += 1) {
    try {
      if (tries >= MAX_TRIES) return await stepOver(imap, place, tries, connection);
      const mail = await readMail(imap, place.uid, reader, signal);
      // A server may answer OK without the mail that it lists.
      if (!mail && (await searchUids(imap, { uid: String(place.uid) })).length > 0) throw new MissingContent();
      return mail;
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof Failure && thrown.code === "internal-error") throw thrown;
      await state.write(poisonKey(place.folder), `${place.uidValidity}:${place.uid} ${tries + 1}`);
      if (!imap.usable) throw causeOf(imap, thrown);
      await sleep(RETRY_MS * (tries + 1), undefined, { signal });
    }
  }
}

/** Asks for size and date, which a server gives of nearly any mail. */
async function stepOver(
  imap: ImapFlow,
  place: MailPlace,
  tries: number,
  connection: Pick<ConnectionContext<unknown>, "log">,
): Promise<FetchedMail> {
  const query = { uid: true, size: true, internalDate: true };
  if (tries >= MAX_TRIES_OF_SIZE) return noted(place, undefined, undefined, connection);
  const message = await imap.fetchOne(String(place.uid), query, { uid: true }).catch((thrown: unknown) => {
    if (!imap.usable) throw thrown;
    return false as const;
  });
  const { size, internalDate } = message || {};
  return noted(place, size, validDate(internalDate), connection);
}

function noted(
  { folder, uid }: MailPlace,
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
function triesOf({ uidValidity, uid }: MailPlace, stored = ""): number {
  const [mail, tries] = stored.split(" ");
  return mail === `${uidValidity}:${uid}` ? Number(tries) : 0;
}

/** Returns the state key of the failed tries of a folder's mail. */
export function poisonKey(folder: string): string {
  return `poison:${folder}`;
}
