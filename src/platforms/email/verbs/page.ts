import type { FetchMessageObject, ImapFlow, MessageAddressObject, SearchObject as Query } from "imapflow";
import { optional } from "../../../model/optional.ts";
import { openFolder, searchUids } from "../client/imap/find-mails.ts";
import { partsOfStructure } from "../client/imap/parts.ts";
import { validDate } from "../inbound/imap-read.ts";
import { cleanLine, takeFitting } from "../schemas/event-bounds.ts";
import type { Person } from "../schemas/inbound-mail.ts";
import type { FetchObject, SearchObject } from "../schemas/mailbox.ts";

/** Bytes of JSON of a page in an event. */
const PAGE_BYTES = 200_000;

/** Returns the newest mails that match, without their texts. `next` is the `before` of the following page. */
export async function page(imap: ImapFlow, object: FetchObject & SearchObject): Promise<Record<string, unknown>> {
  const { folder, uidValidity, total } = await openFolder(imap, object, true);
  const { before, limit = 20 } = object;
  const matching = (await searchUids(imap, queryOf(object))).filter((uid) => before === undefined || uid < before);
  const uids = matching.slice(-limit).reverse();
  const summaries = new Map<number, Summary>();
  if (uids.length > 0) {
    const fields = { uid: true, flags: true, envelope: true, internalDate: true, size: true, bodyStructure: true };
    for await (const mail of imap.fetch(uids.join(","), fields, { uid: true })) {
      summaries.set(mail.uid, summaryOf(mail));
    }
  }
  const items = takeFitting(
    uids.flatMap((uid) => summaries.get(uid) ?? []),
    (summary) => summary,
    { max: limit, bytes: PAGE_BYTES },
  );
  const last = uids.length > items.length && items.length > 0 ? items.at(-1)?.uid : uids.at(-1);
  const hasMore = last !== undefined && last !== matching[0];
  return {
    type: "collection",
    folder,
    uidValidity,
    total,
    found: matching.length,
    items,
    ...(hasMore ? { next: last } : {}),
  };
}

/** Converts a search to IMAP's terms (RFC 3501 section 6.4.4), which know only days. `until` includes its day. */
function queryOf(object: FetchObject & SearchObject): Query {
  const { since, before, until, unseen } = object;
  const { text, subject, body, from, to, cc, flagged, answered, larger } = object;
  const terms = { text, subject, body, from, to, cc, flagged, answered, larger };
  return {
    ...Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined)),
    ...optional("seen", unseen === undefined ? undefined : !unseen),
    ...optional("since", since === undefined ? undefined : new Date(since)),
    ...optional("before", until === undefined ? undefined : new Date(Date.parse(until) + 86_400_000)),
    ...(before === undefined ? { all: true } : { uid: `1:${Math.max(before - 1, 1)}` }),
  };
}

type Summary = Readonly<Record<string, unknown>> & { readonly uid: number };

function summaryOf({ uid, envelope, flags, internalDate, size, bodyStructure }: FetchMessageObject): Summary {
  const published = validDate(envelope?.date) ?? validDate(internalDate);
  const line = (name: string, text: string | undefined, maxChars: number) =>
    text === undefined || text === "" ? {} : { [name]: cleanLine(text, maxChars) };
  const attachments = partsOfStructure(bodyStructure).attachments.length;
  return {
    uid,
    ...line("id", envelope?.messageId, 512),
    ...line("subject", envelope?.subject, 998),
    from: people(envelope?.from, 1)[0] ?? { address: "<>" },
    to: people(envelope?.to, 10),
    ...line("inReplyTo", envelope?.inReplyTo, 512),
    ...optional("published", published?.toISOString()),
    seen: flags?.has("\\Seen") ?? false,
    flagged: flags?.has("\\Flagged") ?? false,
    answered: flags?.has("\\Answered") ?? false,
    ...optional("size", size),
    attachments,
  };
}

function people(list: readonly MessageAddressObject[] = [], max: number): readonly Person[] {
  return list
    .filter(({ address }) => address !== undefined && address !== "")
    .slice(0, max)
    .map(({ address = "", name = "" }) => ({
      address: cleanLine(address, 320),
      ...(name === "" ? {} : { name: cleanLine(name, 256) }),
    }));
}
