import type { FetchMessageObject, ImapFlow, MessageAddressObject, SearchObject as Query } from "imapflow";
import { searchUids, type OpenFolder, openFolder } from "../client/imap/find-mails.ts";
import { validDate } from "../inbound/imap-read.ts";
import { partsOfStructure } from "../client/imap/parts.ts";
import { takeFitting, cleanLine } from "../schemas/event-bounds.ts";
import type { FetchObject, SearchObject } from "../schemas/mailbox.ts";

/** Bytes of JSON that a page may take in its event. */
const PAGE_BYTES = 200_000;

/** The newest mails of a folder that fit, without what they say; `next` is the `before` of the page after it. */
export async function page(imap: ImapFlow, object: FetchObject | SearchObject): Promise<Record<string, unknown>> {
  const { folder, uidValidity, total } = await openFolder(imap, object, true);
  const { before, limit = 20 } = object;
  const fitting = (await searchUids(imap, queryOf(object))).filter((uid) => before === undefined || uid < before);
  const uids = fitting.slice(-limit).reverse();
  const items = new Map<number, Summary>();
  if (uids.length > 0) {
    const wanted = { uid: true, flags: true, envelope: true, internalDate: true, size: true, bodyStructure: true };
    for await (const mail of imap.fetch(uids.join(","), wanted, { uid: true })) items.set(mail.uid, summary(mail));
  }
  const listed = takeFitting(
    uids.flatMap((uid) => items.get(uid) ?? []),
    (item) => item,
    { most: limit, bytes: PAGE_BYTES },
  );
  const last = uids.length > listed.length && listed.length > 0 ? listed.at(-1)?.uid : uids.at(-1);
  const more = last !== undefined && last !== fitting[0];
  return {
    ...collection({ folder, uidValidity, total }),
    found: fitting.length,
    items: listed,
    ...(more ? { next: last } : {}),
  };
}

function collection({ folder, uidValidity, total }: OpenFolder): Record<string, unknown> {
  return { type: "collection", folder, uidValidity, total };
}

/** IMAP's words for what is asked (RFC 3501 section 6.4.4). It knows days only; a day more is asked than was said. */
function queryOf(object: FetchObject | SearchObject): Query {
  const { since, before } = object;
  const { text, subject, body, from, to, cc, until, unseen, flagged, answered, larger } = object as SearchObject;
  const words = { text, subject, body, from, to, cc, flagged, answered, larger };
  const said = Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined));
  return {
    ...said,
    ...(unseen === undefined ? {} : { seen: !unseen }),
    ...(since === undefined ? {} : { since: new Date(since) }),
    ...(until === undefined ? {} : { before: new Date(Date.parse(until) + 86_400_000) }),
    ...(before === undefined ? { all: true } : { uid: `1:${Math.max(before - 1, 1)}` }),
  };
}

type Summary = Readonly<Record<string, unknown>> & { readonly uid: number };

function summary({ uid, envelope, flags, internalDate, size, bodyStructure }: FetchMessageObject): Summary {
  const published = validDate(envelope?.date) ?? validDate(internalDate);
  const line = (name: string, text: string | undefined, most: number) =>
    text === undefined || text === "" ? {} : { [name]: cleanLine(text, most) };
  const attachments = partsOfStructure(bodyStructure).attachments.length;
  return {
    uid,
    ...line("id", envelope?.messageId, 512),
    ...line("subject", envelope?.subject, 998),
    from: people(envelope?.from, 1)[0] ?? { address: "<>" },
    to: people(envelope?.to, 10),
    ...line("inReplyTo", envelope?.inReplyTo, 512),
    ...(published ? { published: published.toISOString() } : {}),
    seen: flags?.has("\\Seen") ?? false,
    flagged: flags?.has("\\Flagged") ?? false,
    answered: flags?.has("\\Answered") ?? false,
    ...(size === undefined ? {} : { size }),
    attachments,
  };
}

function people(list: readonly MessageAddressObject[] = [], most: number): ReadonlyArray<Record<string, string>> {
  return list
    .filter(({ address }) => address !== undefined && address !== "")
    .slice(0, most)
    .map(({ address = "", name = "" }) => ({
      address: cleanLine(address, 320),
      ...(name === "" ? {} : { name: cleanLine(name, 256) }),
    }));
}
