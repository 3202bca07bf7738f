import { xml } from "@xmpp/client";
import type { Activity } from "../../../model/activity.ts";
import { readEachTarget } from "../../../platform/kit/read-each-target.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import { type Client, optional } from "../client/client.ts";
import { bare, domain, resource } from "../client/jid.ts";
import type { Stanza } from "../client/library.ts";
import { classifyError } from "../errors.ts";
import { attr } from "../inbound/inbound.ts";

const INFO = "http://jabber.org/protocol/disco#info";
const ITEMS = "http://jabber.org/protocol/disco#items";
const MOST = 1_000;

interface Found {
  readonly items: ReadonlyArray<Readonly<Record<string, unknown>>>;
  readonly more: boolean;
}

/** Asks for live facts: roster, rooms of a service, who is in a room, what a room is. */
export async function query(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { type } = activity.object as { type: keyof typeof QUESTIONS };
  const ask = QUESTIONS[type];
  if (activity.target.length === 0) {
    const { items, more } = await ask(client, undefined);
    return { outcomes: [], object: { type, items, ...(more ? { more } : {}) } };
  }
  const read = await readEachTarget(activity, context, 4, (address) => ask(client, bare(address)), classifyError);
  const items = read.values.flatMap((one) => one.items);
  const more = items.length > MOST || read.values.some((one) => one.more);
  return { outcomes: read.outcomes, object: { type, items: items.slice(0, MOST), ...(more ? { more } : {}) } };
}

const QUESTIONS = { roster, rooms, attendance, "room-info": roomInfo } as const;

async function roster({ stream }: Client): Promise<Found> {
  const answer = await stream.ask("get", xml("query", { xmlns: "jabber:iq:roster" }));
  return listed(answer.getChild("query", "jabber:iq:roster")?.getChildren("item") ?? [], (item) => ({
    address: attr(item, "jid") ?? "",
    ...named(item),
    subscription: attr(item, "subscription") ?? "none",
    ...(attr(item, "ask") ? { asked: true } : {}),
    groups: item
      .getChildren("group")
      .map((group) => group.text().slice(0, 128))
      .slice(0, 10),
  }));
}

/** The rooms that a service shows; without one, those of the account's server. */
async function rooms(client: Client, service: string | undefined): Promise<Found> {
  const services = service === undefined ? await roomServices(client) : [service];
  const found = await Promise.all(services.map((one) => items(client, one)));
  return listed(found.flat(), (item) => ({ address: attr(item, "jid") ?? "", ...named(item) }));
}

async function roomServices(client: Client): Promise<string[]> {
  const parts = (await items(client, domain(client.me))).slice(0, 20).flatMap((item) => attr(item, "jid") ?? []);
  const infos = await Promise.all(parts.map(async (jid) => ({ jid, info: await optional(info(client, jid)) })));
  const talks = ({ info: one }: { readonly info: Stanza | undefined }) =>
    one?.getChildren("feature").some((feature) => feature.attrs.var === "http://jabber.org/protocol/muc") === true;
  return infos.filter(talks).map(({ jid }) => jid);
}

/** Who is in a room: as the room tells, else as far as the account saw them come. */
async function attendance(client: Client, room = ""): Promise<Found> {
  const told = (await items(client, room)).map((item) => resource(attr(item, "jid") ?? "") || attr(item, "name"));
  const nicks = told.filter((nick) => nick !== undefined && nick !== "");
  const seen = client.rooms.get(room)?.occupants ?? [];
  const all = (nicks.length > 0 ? nicks : [...seen]) as readonly string[];
  const found = all.slice(0, MOST).map((nick) => ({ address: `${room}/${nick}`, name: nick }));
  return { items: found, more: all.length > MOST };
}

async function roomInfo(client: Client, room = ""): Promise<Found> {
  const answer = await info(client, room);
  const features = answer.getChildren("feature").flatMap((one) => attr(one, "var") ?? []);
  const fields = answer.getChild("x", "jabber:x:data")?.getChildren("field") ?? [];
  const value = (name: string) => fields.find((one) => one.attrs.var === name)?.getChildText("value") || undefined;
  const has = (name: string) => features.includes(name);
  const occupants = Number(value("muc#roominfo_occupants") ?? Number.NaN);
  const fact = {
    address: room,
    ...named(answer.getChild("identity")),
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
  return { items: [JSON.parse(JSON.stringify(fact))], more: false };
}

async function items({ stream }: Client, jid: string): Promise<Stanza[]> {
  const answer = await stream.ask("get", xml("query", { xmlns: ITEMS }), jid);
  return answer.getChild("query", ITEMS)?.getChildren("item") ?? [];
}
async function info({ stream }: Client, jid: string): Promise<Stanza> {
  const answer = await stream.ask("get", xml("query", { xmlns: INFO }), jid);
  return answer.getChild("query", INFO) ?? xml("query");
}
function named(item: Stanza | undefined): { readonly name?: string } {
  const name = attr(item, "name")?.slice(0, 256);
  return name === undefined ? {} : { name };
}
function listed(all: readonly Stanza[], item: (one: Stanza) => Readonly<Record<string, unknown>>): Found {
  return { items: all.slice(0, MOST).map(item), more: all.length > MOST };
}
