import type { Activity } from "../../../model/activity.ts";
import { readEachTarget } from "../../../platform/kit/read-each-target.ts";
import type { Found, SearchResult } from "../../../platform/kit/search-result.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { OneUser, USER_FIELDS, Users, type XUser } from "../client/response-schemas.ts";
import { classifyError } from "../errors.ts";
import type { Item } from "../inbound/item.ts";
import { readPage, sourceOf } from "../inbound/pages.ts";
import type { FetchObject, SearchObject } from "../schemas/schemas.ts";

/** All of a result together stays under the 256 KiB that an event may have. */
const RESULT_BYTES = 224 * 1024;
const USUAL = 10;

/** Reads each target's newest posts or messages once, newest first. */
export async function fetchItems(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { limit = USUAL, after, before } = activity.object as FetchObject;
  const room = RESULT_BYTES / context.pending.length;
  const read = async (address: string) => {
    const source = await sourceOf(client, address, context.signal);
    const { items, next } = await readPage(client, source, { count: limit, after, before }, context.signal);
    const kept = fitting(items.slice(0, limit), room);
    return { address, items: kept, more: kept.length < items.length || next !== undefined };
  };
  const { outcomes, values } = await readEachTarget(activity, context, 2, read, classifyError);
  return { outcomes, object: { collections: values } };
}

/** Searches posts of the last week, or people; one target is one query. */
export async function search(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { type = "post", limit = USUAL } = activity.object as SearchObject;
  const room = RESULT_BYTES / context.pending.length;
  const read = async (address: string): Promise<readonly Found[]> => {
    const found =
      type === "post" ? postsFor(client, address, limit, context) : peopleFor(client, address, limit, context);
    return fitting(await found, room);
  };
  const { outcomes, values } = await readEachTarget(activity, context, 2, read, classifyError);
  return { outcomes, object: { results: values.flat() } satisfies SearchResult };
}

async function postsFor(
  client: Client,
  query: string,
  limit: number,
  { signal }: VerbContext,
): Promise<readonly Found[]> {
  const source = await sourceOf(client, `search:${query}`, signal);
  const { items } = await readPage(client, source, { count: limit }, signal);
  return items.slice(0, limit).map((item) => ({
    address: query,
    subject: `https://x.com/${item.actor.address.startsWith("@") ? item.actor.address.slice(1) : "i"}/status/${item.id}`,
    aliases: item.id === undefined ? [] : [item.id],
    links: [],
    properties: { author: item.actor.address, text: String(item.object.body ?? ""), published: item.published },
    ...(item.actor.name === undefined ? {} : { name: item.actor.name }),
  }));
}

async function peopleFor(
  client: Client,
  query: string,
  limit: number,
  { signal }: VerbContext,
): Promise<readonly Found[]> {
  const asked = { ...USER_FIELDS, query, max_results: limit };
  const { data = [] } = await client.request({ method: "GET", path: "users/search", query: asked, signal }, Users);
  return data.slice(0, limit).map((user) => found(query, user));
}

function found(address: string, { id, username, name, description, profile_image_url: picture }: XUser): Found {
  const avatar = picture !== undefined && /^https?:\/\//.test(picture) ? picture : undefined;
  const profile = `https://x.com/${username ?? `i/user/${id}`}`;
  return {
    address,
    subject: username === undefined ? id : `@${username}`,
    aliases: [id, profile],
    links: [{ rel: "http://webfinger.net/rel/profile-page", type: "text/html", href: profile }],
    properties: description === undefined ? {} : { description },
    ...(name === undefined ? {} : { name: name.slice(0, 256) }),
    ...(avatar === undefined ? {} : { avatar }),
  };
}

/** Answers who the account is, and what this worker has heard of its limits. */
export async function query(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const read = async (address: string) => {
    if (address === "me") return { me: await self(client, context.signal) };
    const limits = client
      .limits()
      .map(({ resetAt, ...limit }) => ({ ...limit, reset: new Date(resetAt).toISOString() }));
    return { limits };
  };
  const { outcomes, values } = await readEachTarget(activity, context, 2, read, classifyError);
  return { outcomes, object: Object.assign({}, ...values) as Record<string, unknown> };
}

async function self(client: Client, signal: AbortSignal): Promise<Found> {
  const { data } = await client.request({ method: "GET", path: "users/me", query: USER_FIELDS, signal }, OneUser);
  return found("me", data);
}

/** As many from the front as fit. */
function fitting<One extends Item | Found>(items: readonly One[], bytes: number): readonly One[] {
  let left = bytes;
  const end = items.findIndex((item) => {
    left -= Buffer.byteLength(JSON.stringify(item)) + 1;
    return left < 0;
  });
  return end < 0 ? items : items.slice(0, end);
}
