import { xml } from "@xmpp/client";
import { attr, stampOf } from "../inbound/inbound.ts";
import type { Stanza } from "./library.ts";
import type { Stream } from "./stream.ts";

const NS_MAM = "urn:xmpp:mam:2";
const NS_RSM = "http://jabber.org/protocol/rsm";

export interface Question {
  /** The room whose archive is asked; absent means our own. */
  readonly room?: string;
  readonly with?: string;
  readonly start?: string;
  readonly end?: string;
  readonly after?: string;
  /** Before that id; an empty one means the newest. */
  readonly before?: string;
  readonly max: number;
}
export interface Filing {
  readonly id: string;
  readonly stamp: string | undefined;
  readonly message: Stanza;
}
export interface Page {
  readonly items: readonly Filing[];
  readonly first: string | undefined;
  readonly last: string | undefined;
  readonly complete: boolean;
}
export interface Asking {
  readonly stream: Stream;
  readonly me: string;
  /** Sees each message before anybody else; true where it was meant for the watcher. Answers how to stop. */
  readonly watch: (look: (stanza: Stanza) => boolean) => () => void;
}

let asked = 0;

/** Asks an archive for one page (XEP-0313 with XEP-0059). Rejects with a StanzaError where there is none. */
export async function page({ stream, me, watch }: Asking, question: Question): Promise<Page> {
  asked += 1;
  const queryid = `q${asked}`;
  const items: Filing[] = [];
  const owner = question.room ?? me;
  const stop = watch((stanza) => {
    const result = stanza.getChild("result", NS_MAM);
    if (!result || result.attrs.queryid !== queryid || (attr(stanza, "from") ?? me) !== owner) return false;
    const forwarded = result.getChild("forwarded", "urn:xmpp:forward:0");
    const message = forwarded?.getChild("message");
    const id = attr(result, "id");
    if (message && id !== undefined && items.length < question.max)
      items.push({ id, stamp: stampOf(forwarded), message });
    return true;
  });
  try {
    const answer = await stream.ask("set", query(queryid, question), question.room);
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

function query(queryid: string, { with: peer, start, end, after, before, max }: Question): Stanza {
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
  return xml("query", { xmlns: NS_MAM, queryid }, ...(fields.length > 0 ? [form] : []), set);
}

/** Whether the account's archive keeps all that is said (XEP-0313 section 6): only then does absence prove anything. */
export async function keepsAll({ stream }: Pick<Asking, "stream">): Promise<boolean> {
  const answer = await stream.ask("get", xml("prefs", { xmlns: NS_MAM }));
  return attr(answer.getChild("prefs", NS_MAM), "default") === "always";
}
