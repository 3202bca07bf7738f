import {
  collectionReceipt,
  fitItems,
  MAX_RESULT_BYTES,
  type TargetCollection,
} from "../../../platform/kit/collection-receipt.ts";
import { readEachTarget } from "../../../platform/kit/read-each-target.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Person } from "../../../platform/vocabulary/vocabulary.ts";
import type { Client } from "../client/client.ts";
import { OneUser, USER_FIELDS, Users } from "../client/response-schemas.ts";
import { classifyError } from "../errors.ts";
import type { Item } from "../inbound/item.ts";
import { type PageRange, readPage, sourceOf } from "../inbound/pages.ts";
import { personIn } from "../inbound/person.ts";
import { personOf } from "../schemas/address.ts";
import type { FetchSchema, QuerySchema, SearchSchema } from "../schemas/reading.ts";
import { pageCollection, rangeOf } from "./cursor.ts";

const DEFAULT_LIMIT = 10;
/** Targets that are read at the same time. */
const PARALLEL = 2;

/** Reads a page of each target's posts or messages, newest first. */
export async function fetchItems(
  client: Client,
  activity: ActivityOf<typeof FetchSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { limit = DEFAULT_LIMIT, after, before } = activity.object;
  const range = { count: limit, ...rangeOf(after, before) };
  const read = readerOf(client, range, context);
  return collectionReceipt(
    activity,
    await readEachTarget(activity, context, PARALLEL, (address) => read(address, address), classifyError),
  );
}

/** Searches posts of the last week, or people; each target is a query. */
export async function search(
  client: Client,
  activity: ActivityOf<typeof SearchSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { type = "post", limit = DEFAULT_LIMIT, after } = activity.object;
  const readPosts = readerOf(client, { count: limit, ...rangeOf(after, undefined) }, context);
  const read = async (query: string): Promise<TargetCollection<Item | Person>> =>
    type === "post" ? readPosts(query, `search:${query}`) : searchPeople(client, query, limit, context);
  return collectionReceipt(activity, await readEachTarget(activity, context, PARALLEL, read, classifyError));
}

/** Returns a function that reads a page of a source. The page is cut to the target's share of the result. */
function readerOf(client: Client, range: PageRange, { signal, pending }: VerbContext) {
  const maxBytes = MAX_RESULT_BYTES / Math.max(1, pending.length);
  return async (address: string, name: string): Promise<TargetCollection<Item>> => {
    const source = await sourceOf(client, name, signal);
    const page = await readPage(client, source, range, signal);
    const kept = fitItems(page.items.slice(0, range.count), maxBytes);
    return { ...pageCollection(page, kept, range, source.kind === "messages"), address };
  };
}

async function searchPeople(
  client: Client,
  query: string,
  limit: number,
  { signal, pending }: VerbContext,
): Promise<TargetCollection<Person>> {
  const parameters = { ...USER_FIELDS, query, max_results: limit };
  const { data = [] } = await client.request({ method: "GET", path: "users/search", query: parameters, signal }, Users);
  const items = fitItems(data.slice(0, limit).map(personIn), MAX_RESULT_BYTES / Math.max(1, pending.length));
  return { type: "collection", address: query, items };
}

/** Reads the targets as persons, or the account's rate limits. Without a target the account is read. */
export async function query(
  client: Client,
  activity: ActivityOf<typeof QuerySchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { target, object } = activity;
  if (object.type === "limits") {
    const outcomes = context.pending.map((index) => ({
      address: target[index]?.address ?? "",
      status: "sent" as const,
    }));
    return { outcomes, object: { type: "limits", twitter: { limits: limitsOf(client) } } };
  }
  if (target.length === 0) {
    return {
      outcomes: [],
      object: { type: "collection", items: [await readPerson(client, undefined, context.signal)] },
    };
  }
  const read = async (address: string): Promise<TargetCollection<Person>> => ({
    type: "collection",
    address,
    items: [await readPerson(client, address, context.signal)],
  });
  return collectionReceipt(activity, await readEachTarget(activity, context, PARALLEL, read, classifyError));
}

/** Reads a person by name or id; the account itself without an address. */
async function readPerson(client: Client, address: string | undefined, signal: AbortSignal): Promise<Person> {
  const person = address === undefined ? undefined : personOf(address);
  const endpoint =
    person === undefined
      ? { path: "users/me" }
      : "id" in person
        ? { path: "users/:id", params: { id: person.id } }
        : { path: "users/by/username/:username", params: { username: person.name } };
  const { data } = await client.request({ method: "GET", ...endpoint, query: USER_FIELDS, signal }, OneUser);
  return personIn(data);
}

/** Returns the rate limits that this worker has read from X's answers. */
function limitsOf(client: Client) {
  return client.limits().map(({ resetAt, ...limit }) => ({ ...limit, reset: new Date(resetAt).toISOString() }));
}
