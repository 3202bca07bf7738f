import type { FetchMessageObject, ImapFlow, MessageAddressObject, SearchObject as Query } from "imapflow";
import { optional } from "../../../model/optional.ts";
import { notFound, openFolder, searchUids } from "../client/imap/find-mails.ts";
import { attachmentsOfStructure } from "../client/imap/parts.ts";
import { validDate } from "../inbound/imap-read.ts";
import { cleanLine, takeFitting } from "../schemas/event-bounds.ts";
import type { Person } from "../schemas/inbound-mail.ts";
import type { FetchObject, SearchObject } from "../schemas/mailbox.ts";

/** Bytes of JSON of a page in an event. */
const PAGE_BYTES = 200_000;
const MAX_ATTACHMENTS = { max: 10, bytes: 2_048 };

/** Returns a page of the mails that match, newest first, without their texts. */
export async function page(imap: ImapFlow, object: FetchObject & SearchObject): Promise<Record<string, unknown>> {
  const { folder, uidValidity } = await openFolder(imap, object, true);
  const { limit = 20 } = object;
  const matching = await searchUids(imap, queryOf(object));
  const uids = selectPage(matching, object, uidValidity, limit);
  const summaries = await summariesOf(imap, uids);
  const items = takeFitting(
    uids.flatMap((uid) => summaries.get(uid) ?? []),
    (summary) => summary,
    { max: limit, bytes: PAGE_BYTES },
  );
  const isCut = items.length > 0 && items.length < summaries.size;
  const last = isCut ? items.at(-1)?.uid : uids.at(-1);
  const [first] = uids;
  return {
    type: "collection",
    folder,
    uidValidity,
    total: matching.length,
    items,
    ...optional("next", last === undefined || last === matching[0] ? undefined : `${uidValidity}.${last}`),
    ...optional("previous", first === undefined || first === matching.at(-1) ? undefined : `${uidValidity}.${first}`),
  };
}

/** Returns the uids of a page, newest first. A page lies behind `after`, or right before `before`. */
function selectPage(
  matching: readonly number[],
  { after, before }: Pick<FetchObject, "after" | "before">,
  uidValidity: string,
  limit: number,
): readonly number[] {
  const behind = after === undefined ? Number.POSITIVE_INFINITY : uidAt(after, uidValidity);
  const ahead = before === undefined ? 0 : uidAt(before, uidValidity);
  const fitting = matching.filter((uid) => uid < behind && uid > ahead);
  const page = before === undefined ? fitting.slice(-limit) : fitting.slice(0, limit);
  return [...page].reverse();
}

/** Reads a position; throws when the folder's mails have other uids by now. */
function uidAt(position: string, uidValidity: string): number {
  const [validity, uid] = position.split(".");
  if (validity === uidValidity) return Number(uid);
  throw notFound("The folder's mails have new uids by now (another uidValidity): begin with the first page.");
}

async function summariesOf(imap: ImapFlow, uids: readonly number[]): Promise<ReadonlyMap<number, Summary>> {
  const summaries = new Map<number, Summary>();
  if (uids.length === 0) return summaries;
  const fields = { uid: true, flags: true, envelope: true, internalDate: true, size: true, bodyStructure: true };
  for await (const mail of imap.fetch(uids.join(","), fields, { uid: true })) {
    summaries.set(mail.uid, summaryOf(mail));
  }
  return summaries;
}

/** Converts a search to IMAP's terms (RFC 3501 section 6.4.4), which know only days. `until` includes its day. */
function queryOf(object: FetchObject & SearchObject): Query {
  const { since, until, unseen } = object;
  const { text, subject, body, from, to, cc, flagged, answered, larger } = object;
  const terms = { text, subject, body, from, to, cc, flagged, answered, larger };
  return {
    all: true,
    ...Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined)),
    ...optional("seen", unseen === undefined ? undefined : !unseen),
    ...optional("since", since === undefined ? undefined : new Date(since)),
    ...optional("before", until === undefined ? undefined : new Date(Date.parse(until) + 86_400_000)),
  };
}

type Summary = Readonly<Record<string, unknown>> & { readonly uid: number };

function summaryOf({ uid, envelope, flags, internalDate, size, bodyStructure }: FetchMessageObject): Summary {
  const published = validDate(envelope?.date) ?? validDate(internalDate);
  const line = (name: string, text: string | undefined, maxChars: number) =>
    text === undefined || text === "" ? {} : { [name]: cleanLine(text, maxChars) };
  const all = attachmentsOfStructure(bodyStructure);
  const attachments = takeFitting(all, (attachment) => attachment, MAX_ATTACHMENTS);
  return {
    type: "message",
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
    ...(attachments.length === 0 ? {} : { attachments }),
    ...(attachments.length < all.length ? { attachmentsTruncated: true } : {}),
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
