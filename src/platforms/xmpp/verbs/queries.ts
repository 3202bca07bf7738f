import { xml } from "@xmpp/client";
import { readEachTarget } from "../../../platform/kit/read-each-target.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import { type Client, unlessRefused } from "../client/client.ts";
import { bare, domain, resource } from "../client/jid.ts";
import type { Stanza } from "../client/library.ts";
import { attr } from "../client/stanza.ts";
import { classifyError } from "../errors.ts";
import type { QuerySchema } from "../schemas/queries.ts";

const NS_INFO = "http://jabber.org/protocol/disco#info";
const NS_ITEMS = "http://jabber.org/protocol/disco#items";
const MAX_ITEMS = 1_000;
/** Items of a server that are asked whether they are room services. */
const MAX_SERVICES = 20;
const MAX_GROUPS = 10;

interface QueryResult {
  readonly items: ReadonlyArray<Readonly<Record<string, unknown>>>;
  readonly more: boolean;
}

/** Queries live facts: roster, rooms of a service, occupants or details of a room. */
export async function query(
  client: Client,
  activity: ActivityOf<typeof QuerySchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { type } = activity.object;
  const ask = QUERIES[type];
  if (activity.target.length === 0) {
    const { items, more } = await ask(client, undefined);
    return { outcomes: [], object: { type, items, ...(more ? { more } : {}) } };
  }
  const { outcomes, values } = await readEachTarget(
    activity,
    context,
    4,
    (address) => ask(client, bare(address)),
    classifyError,
  );
  const items = values.flatMap((result) => result.items);
  const more = items.length > MAX_ITEMS || values.some((result) => result.more);
  return { outcomes, object: { type, items: items.slice(0, MAX_ITEMS), ...(more ? { more } : {}) } };
}

const QUERIES = { roster, rooms, attendance, "room-info": roomInfo } as const;

async function roster({ stream }: Client): Promise<QueryResult> {
  const answer = await stream.request("get", xml("query", { xmlns: "jabber:iq:roster" }));
  return limited(answer.getChild("query", "jabber:iq:roster")?.getChildren("item") ?? [], (item) => ({
    address: attr(item, "jid") ?? "",
    ...nameOf(item),
    subscription: attr(item, "subscription") ?? "none",
    ...(attr(item, "ask") ? { asked: true } : {}),
    groups: item
      .getChildren("group")
      .map((group) => group.text().slice(0, 128))
      .slice(0, MAX_GROUPS),
  }));
}

/** Lists the rooms of a service; without a service, those of the account's server. */
async function rooms(client: Client, service: string | undefined): Promise<QueryResult> {
  const services = service === undefined ? await roomServices(client) : [service];
  const items = await Promise.all(services.map((jid) => discoItems(client, jid)));
  return limited(items.flat(), (item) => ({ address: attr(item, "jid") ?? "", ...nameOf(item) }));
}

async function roomServices(client: Client): Promise<string[]> {
  const items = await discoItems(client, domain(client.jid));
  const jids = items.slice(0, MAX_SERVICES).flatMap((item) => attr(item, "jid") ?? []);
  const services = await Promise.all(
    jids.map(async (jid) => ({ jid, info: await unlessRefused(discoInfo(client, jid)) })),
  );
  return services
    .filter(({ info }) =>
      info?.getChildren("feature").some(({ attrs }) => attrs.var === "http://jabber.org/protocol/muc"),
    )
    .map(({ jid }) => jid);
}

/** Lists a room's occupants: as the room tells, else those that the account saw come. */
async function attendance(client: Client, room = ""): Promise<QueryResult> {
  const items = await discoItems(client, room);
  const listed = items
    .map((item) => resource(attr(item, "jid") ?? "") || attr(item, "name"))
    .filter((nick) => nick !== undefined && nick !== "");
  const seen = client.rooms.get(room)?.occupants ?? [];
  const nicks = listed.length > 0 ? listed : [...seen];
  const occupants = nicks.slice(0, MAX_ITEMS).map((nick) => ({ address: `${room}/${nick}`, name: nick }));
  return { items: occupants, more: nicks.length > MAX_ITEMS };
}

async function roomInfo(client: Client, room = ""): Promise<QueryResult> {
  const answer = await discoInfo(client, room);
  const features = answer.getChildren("feature").flatMap((feature) => attr(feature, "var") ?? []);
  const fields = answer.getChild("x", "jabber:x:data")?.getChildren("field") ?? [];
  const value = (name: string) => fields.find(({ attrs }) => attrs.var === name)?.getChildText("value") || undefined;
  const has = (name: string) => features.includes(name);
  const occupants = Number(value("muc#roominfo_occupants") ?? Number.NaN);
  const info = {
    address: room,
    ...nameOf(answer.getChild("identity")),
    topic: value("muc#roominfo_subject"),
    description: value("muc#roominfo_description"),
    occupants: Number.isInteger(occupants) ? occupants : undefined,
    membersOnly: has("muc_membersonly"),
    moderated: has("muc_moderated"),
    persistent: has("muc_persistent"),
    hidden: has("muc_hidden"),
    password: has("muc_passwordprotected"),
    archive: has("urn:xmpp:mam:2"),
  };
  return { items: [JSON.parse(JSON.stringify(info))], more: false };
}

async function discoItems({ stream }: Client, jid: string): Promise<Stanza[]> {
  const answer = await stream.request("get", xml("query", { xmlns: NS_ITEMS }), jid);
  return answer.getChild("query", NS_ITEMS)?.getChildren("item") ?? [];
}
async function discoInfo({ stream }: Client, jid: string): Promise<Stanza> {
  const answer = await stream.request("get", xml("query", { xmlns: NS_INFO }), jid);
  return answer.getChild("query", NS_INFO) ?? xml("query");
}
function nameOf(item: Stanza | undefined): { readonly name?: string } {
  const name = attr(item, "name")?.slice(0, 256);
  return name === undefined ? {} : { name };
}
function limited(
  stanzas: readonly Stanza[],
  toItem: (stanza: Stanza) => Readonly<Record<string, unknown>>,
): QueryResult {
  return { items: stanzas.slice(0, MAX_ITEMS).map(toItem), more: stanzas.length > MAX_ITEMS };
}
