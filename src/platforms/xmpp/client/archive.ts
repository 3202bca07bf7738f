import { xml } from "@xmpp/client";
import type { Stanza } from "./library.ts";
import { attr, stampOf } from "./stanza.ts";
import type { Stream } from "./stream.ts";

const NS_MAM = "urn:xmpp:mam:2";
const NS_RSM = "http://jabber.org/protocol/rsm";

/** Query of an archive. */
export interface ArchiveQuery {
  /** The room whose archive is read; absent means the account's own. */
  readonly room?: string;
  readonly with?: string;
  readonly start?: string;
  readonly end?: string;
  readonly after?: string;
  /** Reads the page before that id; an empty id means the newest page. */
  readonly before?: string;
  readonly max: number;
}
/** A message as an archive keeps it. */
export interface ArchivedMessage {
  readonly id: string;
  readonly stamp: string | undefined;
  readonly message: Stanza;
}
/** Page of an archive, oldest message first. */
export interface ArchivePage {
  readonly items: readonly ArchivedMessage[];
  readonly first: string | undefined;
  readonly last: string | undefined;
  readonly complete: boolean;
}
/** Parts of a client that archive queries need. */
export interface ArchiveClient {
  readonly stream: Stream;
  readonly jid: string;
  /** Shows each stanza to a watcher first; the watcher returns true to consume the stanza. Returns a stop function. */
  readonly watch: (watcher: (stanza: Stanza) => boolean) => () => void;
}

let queryCount = 0;

/** Reads one page of an archive (XEP-0313, XEP-0059). Rejects with a StanzaError where there is no archive. */
export async function readPage({ stream, jid, watch }: ArchiveClient, query: ArchiveQuery): Promise<ArchivePage> {
  queryCount += 1;
  const queryId = `q${queryCount}`;
  const items: ArchivedMessage[] = [];
  const owner = query.room ?? jid;
  const stop = watch((stanza) => {
    const result = stanza.getChild("result", NS_MAM);
    if (!result || result.attrs.queryid !== queryId || (attr(stanza, "from") ?? jid) !== owner) return false;
    const forwarded = result.getChild("forwarded", "urn:xmpp:forward:0");
    const message = forwarded?.getChild("message");
    const id = attr(result, "id");
    if (message && id !== undefined && items.length < query.max) items.push({ id, stamp: stampOf(forwarded), message });
    return true;
  });
  try {
    const answer = await stream.request("set", queryStanza(queryId, query), query.room);
    const fin = answer.getChild("fin", NS_MAM);
    const set = fin?.getChild("set", NS_RSM);
    return {
      items,
      first: set?.getChildText("first") || items[0]?.id,
      last: set?.getChildText("last") || items.at(-1)?.id,
      complete: attr(fin, "complete") === "true" || items.length === 0,
    };
  } finally {
    stop();
  }
}

function queryStanza(queryId: string, { with: peer, start, end, after, before, max }: ArchiveQuery): Stanza {
  const field = (name: string, value: string | undefined) =>
    value === undefined ? [] : [xml("field", { var: name }, xml("value", {}, value))];
  const fields = [...field("with", peer), ...field("start", start), ...field("end", end)];
  const form = xml(
    "x",
    { xmlns: "jabber:x:data", type: "submit" },
    xml("field", { var: "FORM_TYPE", type: "hidden" }, xml("value", {}, NS_MAM)),
    ...fields,
  );
  const set = xml("set", { xmlns: NS_RSM }, xml("max", {}, String(max)));
  if (after !== undefined) set.append(xml("after", {}, after));
  if (before !== undefined) set.append(xml("before", {}, before));
  return xml("query", { xmlns: NS_MAM, queryid: queryId }, ...(fields.length > 0 ? [form] : []), set);
}

/** Returns whether the account's archive keeps everything (XEP-0313 section 6): only then absence is proof. */
export async function keepsEverything({ stream }: Pick<ArchiveClient, "stream">): Promise<boolean> {
  const answer = await stream.request("get", xml("prefs", { xmlns: NS_MAM }));
  return attr(answer.getChild("prefs", NS_MAM), "default") === "always";
}
