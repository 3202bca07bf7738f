import { xml } from "@xmpp/client";
import { type Client, unlessRefused } from "./client.ts";
import { domain } from "./jid.ts";
import type { Stanza } from "./library.ts";
import { attr } from "./stanza.ts";

const NS_INFO = "http://jabber.org/protocol/disco#info";
const NS_ITEMS = "http://jabber.org/protocol/disco#items";
/** Items of a server that are asked for their features. */
const MAX_SERVICES = 20;

/** Service of the account's server, with its answer to disco#info. */
export interface Service {
  readonly jid: string;
  readonly info: Stanza;
}

/** Lists the items of an entity (XEP-0030 section 4). */
export async function discoItems({ stream }: Client, jid: string): Promise<Stanza[]> {
  const answer = await stream.request("get", xml("query", { xmlns: NS_ITEMS }), jid);
  return answer.getChild("query", NS_ITEMS)?.getChildren("item") ?? [];
}

/** Reads the identity, features and forms of an entity (XEP-0030 section 3). */
export async function discoInfo({ stream }: Client, jid: string): Promise<Stanza> {
  const answer = await stream.request("get", xml("query", { xmlns: NS_INFO }), jid);
  return answer.getChild("query", NS_INFO) ?? xml("query");
}

/** Lists the services of the account's server with a feature. Services that refuse to answer are left out. */
export async function servicesWith(client: Client, feature: string): Promise<Service[]> {
  const items = await discoItems(client, domain(client.jid));
  const jids = items.slice(0, MAX_SERVICES).flatMap((item) => attr(item, "jid") ?? []);
  const answers = await Promise.all(
    jids.map(async (jid) => ({ jid, info: await unlessRefused(discoInfo(client, jid)) })),
  );
  return answers.flatMap(({ jid, info }) =>
    info?.getChildren("feature").some(({ attrs }) => attrs.var === feature) ? [{ jid, info }] : [],
  );
}
