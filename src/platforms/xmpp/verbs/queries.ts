import { xml } from "@xmpp/client";
import { optional } from "../../../model/optional.ts";
import { readEachTarget } from "../../../platform/kit/read-each-target.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Collection } from "../../../platform/vocabulary/vocabulary.ts";
import type { Client, OccupantRole } from "../client/client.ts";
import { discoInfo, discoItems, servicesWith } from "../client/discovery.ts";
import { bare, resource } from "../client/jid.ts";
import type { Stanza } from "../client/library.ts";
import { attr } from "../client/stanza.ts";
import { classifyError } from "../errors.ts";
import type { ObserveSchema, QuerySchema } from "../schemas/queries.ts";

const NS_MUC = "http://jabber.org/protocol/muc";
const MAX_ITEMS = 1_000;
const MAX_GROUPS = 10;

type Item = Readonly<Record<string, unknown>>;
type Options = ActivityOf<typeof QuerySchema>["object"];

/** Queries live facts: contacts, rooms of a service, members or details of a room. */
export async function query(
  client: Client,
  activity: ActivityOf<typeof QuerySchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { object } = activity;
  const ask = QUERIES[object.type];
  if (activity.target.length === 0)
    return { outcomes: [], object: { ...pageOf(await ask(client, undefined, object), object) } };
  const read = async (address: string): Promise<Collection> => ({
    ...pageOf(await ask(client, bare(address), object), object),
    ...(activity.target.length > 1 ? { address } : {}),
  });
  const { outcomes, values } = await readEachTarget(activity, context, 4, read, classifyError);
  // With several targets, each has a collection of its own within a collection.
  const result: Collection = activity.target.length > 1 ? { type: "collection", items: values } : (values[0] ?? EMPTY);
  return { outcomes, object: { ...result } };
}

const EMPTY: Collection = { type: "collection", items: [] };

/** Lists the members of a room, by the query's name of 2013. */
export function observe(
  client: Client,
  activity: ActivityOf<typeof ObserveSchema>,
  context: VerbContext,
): Promise<Receipt> {
  return query(client, { ...activity, object: { type: "members" } }, context);
}

/** Cuts a page out of a complete list; `next` is the position after the page. */
function pageOf(list: readonly Item[], { limit = MAX_ITEMS, after = "0" }: Options): Collection {
  const start = Number(after);
  const items = list.slice(start, start + limit);
  const end = start + items.length;
  return { type: "collection", items, total: list.length, ...(end < list.length ? { next: String(end) } : {}) };
}

const QUERIES = { contacts, rooms, members, room: roomDetails } as const;

/** Relations by the roster's subscription (RFC 6121 section 2.1.2.5). */
const RELATIONS: Readonly<Record<string, string>> = { both: "friend", to: "follows", from: "followed" };

async function contacts({ stream }: Client): Promise<readonly Item[]> {
  const answer = await stream.request("get", xml("query", { xmlns: "jabber:iq:roster" }));
  const items = answer.getChild("query", "jabber:iq:roster")?.getChildren("item") ?? [];
  return items.map((item) => {
    const subscription = attr(item, "subscription") ?? "none";
    const groups = item
      .getChildren("group")
      .map((group) => group.text().slice(0, 128))
      .slice(0, MAX_GROUPS);
    return {
      type: "person",
      address: attr(item, "jid") ?? "",
      ...nameOf(item),
      relation: attr(item, "ask") ? "requested" : (RELATIONS[subscription] ?? "none"),
      xmpp: { subscription, groups },
    };
  });
}

/** Lists the rooms of a service; without a service, those of the account's server. */
async function rooms(client: Client, service: string | undefined, { match }: Options): Promise<readonly Item[]> {
  const services = service === undefined ? (await servicesWith(client, NS_MUC)).map(({ jid }) => jid) : [service];
  const items = (await Promise.all(services.map((jid) => discoItems(client, jid)))).flat();
  const matches = match === undefined ? () => true : wildcard(match);
  return items
    .map((item) => ({ type: "room", address: attr(item, "jid") ?? "", ...nameOf(item) }))
    .filter(({ address, name = "" }) => matches(address) || matches(name));
}

/** Makes a check of a pattern in which `*` stands for any characters. Case does not matter; time is linear. */
function wildcard(match: string): (text: string) => boolean {
  const [first = "", ...rest] = match.toLowerCase().split(/\*+/);
  const last = rest.pop();
  return (text) => {
    const whole = text.toLowerCase();
    if (last === undefined) return whole === first;
    if (!whole.startsWith(first)) return false;
    let position = first.length;
    for (const part of rest) {
      const found = whole.indexOf(part, position);
      if (found < 0) return false;
      position = found + part.length;
    }
    return whole.length - last.length >= position && whole.endsWith(last);
  };
}

/** Lists a room's members: as the room tells, else those that the account saw come. */
async function members(client: Client, room = ""): Promise<readonly Item[]> {
  const items = await discoItems(client, room);
  const listed = items
    .map((item) => resource(attr(item, "jid") ?? "") || attr(item, "name"))
    .filter((nick) => nick !== undefined && nick !== "");
  const seen = client.rooms.get(room)?.occupants ?? new Map<string, OccupantRole | undefined>();
  const nicks = listed.length > 0 ? listed : [...seen.keys()];
  return nicks.map((nick = "") => ({ address: `${room}/${nick}`, name: nick, ...optional("role", seen.get(nick)) }));
}

async function roomDetails(client: Client, room = ""): Promise<readonly Item[]> {
  const answer = await discoInfo(client, room);
  const features = answer.getChildren("feature").flatMap((feature) => attr(feature, "var") ?? []);
  const fields = answer.getChild("x", "jabber:x:data")?.getChildren("field") ?? [];
  const value = (name: string) => fields.find(({ attrs }) => attrs.var === name)?.getChildText("value") || undefined;
  const has = (name: string) => features.includes(name);
  const occupants = Number(value("muc#roominfo_occupants") ?? Number.NaN);
  const details = {
    type: "room",
    address: room,
    ...nameOf(answer.getChild("identity")),
    ...optional("topic", value("muc#roominfo_subject")),
    ...(Number.isInteger(occupants) ? { members: occupants } : {}),
    xmpp: {
      ...optional("description", value("muc#roominfo_description")),
      membersOnly: has("muc_membersonly"),
      moderated: has("muc_moderated"),
      persistent: has("muc_persistent"),
      hidden: has("muc_hidden"),
      passwordProtected: has("muc_passwordprotected"),
      archive: has("urn:xmpp:mam:2"),
    },
  };
  return [details];
}

function nameOf(item: Stanza | undefined): { readonly name?: string } {
  const name = attr(item, "name")?.slice(0, 256);
  return name === undefined ? {} : { name };
}
