import type { IrcMessage } from "irc-framework";
import { readEachTarget } from "../../../platform/kit/read-each-target.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Collection, Person, Room } from "../../../platform/vocabulary/vocabulary.ts";
import type { Client } from "../client/client.ts";
import type { IrcResponse } from "../client/response-collector.ts";
import { classifyError } from "../errors.ts";
import type { ObserveSchema, QuerySchema } from "../schemas/channels.ts";
import { personOf } from "./whois.ts";

/** Limits of a page: an event of the log has a maximum size. */
const MAX_ITEMS = 2_000;
const MAX_RESULT_BYTES = 200_000;

interface PageOptions {
  readonly limit?: number;
  readonly after?: string;
}

/** Asks the network for a channel's members, a person, or the channels; changes nothing. */
export async function query(
  client: Client,
  activity: ActivityOf<typeof QuerySchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { type = "members", match } = activity.object;
  if (type === "rooms") {
    const response = await request(client, `LIST${match === undefined ? "" : ` ${match}`}`, context.signal);
    return { outcomes: [], object: { ...pageOf(response.messages.flatMap(roomIn), response, activity.object) } };
  }
  const read = async (address: string): Promise<Collection> => {
    const response = await request(client, `${type === "person" ? "WHOIS" : "NAMES"} ${address}`, context.signal);
    return type === "person"
      ? { type: "collection", items: [personOf(address, response.messages)], total: 1 }
      : pageOf(response.messages.flatMap(membersIn), response, activity.object);
  };
  const { outcomes, values } = await readEachTarget(activity, context, 1, read, classifyError);
  return { outcomes, object: { ...values[0] } };
}

/** Lists the members of a channel, by the query's name of 2013. */
export function observe(
  client: Client,
  activity: ActivityOf<typeof ObserveSchema>,
  context: VerbContext,
): Promise<Receipt> {
  return query(client, { ...activity, object: { type: "members" } }, context);
}

async function request(client: Client, line: string, signal: AbortSignal): Promise<IrcResponse> {
  const response = await client.request({ lines: [line], signal });
  const refused = client.refusal(response.messages, [line]);
  if (refused) throw refused;
  return response;
}

/** Cuts a page out of a complete list; `next` is the position after the page. */
function pageOf(list: readonly object[], { truncated }: IrcResponse, { limit, after }: PageOptions): Collection {
  const start = Number(after ?? 0);
  const items: object[] = [];
  let bytes = 0;
  for (const item of list.slice(start, start + (limit ?? MAX_ITEMS))) {
    bytes += Buffer.byteLength(JSON.stringify(item));
    if (bytes > MAX_RESULT_BYTES) break;
    items.push(item);
  }
  const end = start + items.length;
  return {
    type: "collection",
    items,
    ...(truncated ? {} : { total: list.length }),
    ...(end < list.length ? { next: String(end) } : {}),
  };
}

/** Roles of the marks before a name, the mightiest first. */
const ROLES: Readonly<Record<string, NonNullable<Person["role"]>>> = {
  "~": "owner",
  "&": "admin",
  "@": "moderator",
  "%": "moderator",
  "+": "voiced",
};

function membersIn({ command, params }: IrcMessage): readonly Person[] {
  if (command !== "353") return [];
  return (params.at(-1) ?? "")
    .split(" ")
    .filter((name) => name !== "")
    .map((name) => {
      const [, marks = "", address = ""] = /^([~&@%+]*)([^!]*)/.exec(name) ?? [];
      const role = ROLES[marks.charAt(0)];
      return { address, ...(role === undefined ? {} : { role }) };
    });
}

function roomIn({ command, params }: IrcMessage): readonly Room[] {
  if (command !== "322") return [];
  const [, address = "", members = "0", topic = ""] = params;
  const count = Number.parseInt(members, 10) || 0;
  return [{ type: "room", address, members: count, ...(topic === "" ? {} : { topic }) }];
}
