import { optional } from "../../../model/optional.ts";
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
import { classifyError } from "../errors.ts";
import type { Item } from "../inbound/item.ts";
import { httpUrl, idOf, type JsonRecord, recordOf, recordsIn, textOf } from "../inbound/json.ts";
import type { FetchSchema, QuerySchema, SearchSchema } from "../schemas/reading.ts";
import { sourceOf } from "./sources.ts";

const DEFAULT_LIMIT = 10;
/** Targets that are read at the same time. */
const PARALLEL = 2;
const PAGE_FIELDS = "id,name,link,about,picture{url}";

/** Reads a page of each target's posts, comments or messages, newest first. */
export async function fetchItems(
  client: Client,
  activity: ActivityOf<typeof FetchSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { limit = DEFAULT_LIMIT, after } = activity.object;
  const maxBytes = MAX_RESULT_BYTES / context.pending.length;
  const read = async (address: string): Promise<TargetCollection<Item>> => {
    const { path, fields, itemsOf, query } = sourceOf(activity.actor.address, address, limit);
    const parameters = { fields, limit, ...query, ...optional("after", after) };
    const answer = await client.request({ method: "GET", path, query: parameters, signal: context.signal });
    const { cursors, next } = recordOf(answer.paging);
    const cursor = next === undefined ? undefined : textOf(recordOf(cursors).after, 1_024);
    const items = fitItems(recordsIn(answer.data, 100).flatMap(itemsOf), maxBytes);
    return { type: "collection", address, items, ...optional("next", cursor) };
  };
  return collectionReceipt(activity, await readEachTarget(activity, context, PARALLEL, read, classifyError));
}

/** Searches Pages; each target is a query. Facebook offers no search for people. */
export async function search(
  client: Client,
  activity: ActivityOf<typeof SearchSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { limit = DEFAULT_LIMIT } = activity.object;
  const maxBytes = MAX_RESULT_BYTES / context.pending.length;
  const read = async (address: string): Promise<TargetCollection<Person>> => {
    const query = { q: address, fields: "id,name,link", limit };
    const { data } = await client.request({ method: "GET", path: "pages/search", query, signal: context.signal });
    return { type: "collection", address, items: fitItems(recordsIn(data, limit).flatMap(personsIn), maxBytes) };
  };
  return collectionReceipt(activity, await readEachTarget(activity, context, PARALLEL, read, classifyError));
}

/** Reads the targets as persons, or the usage of the Page's calls. Without a target the Page is read. */
export async function query(
  client: Client,
  activity: ActivityOf<typeof QuerySchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { actor, target, object } = activity;
  if (object.type === "limits") {
    const outcomes = context.pending.map((index) => ({
      address: target[index]?.address ?? "",
      status: "sent" as const,
    }));
    return { outcomes, object: { type: "limits", facebook: usageOf(client) } };
  }
  const read = async (address: string): Promise<TargetCollection<Person>> => {
    const fields = address === actor.address ? PAGE_FIELDS : "id,first_name,last_name,profile_pic";
    const answer = await client.request({ method: "GET", path: address, query: { fields }, signal: context.signal });
    return { type: "collection", address, items: personsIn(answer) };
  };
  if (target.length === 0) {
    const { items } = await read(actor.address);
    return { outcomes: [], object: { type: "collection", items } };
  }
  return collectionReceipt(activity, await readEachTarget(activity, context, PARALLEL, read, classifyError));
}

/** Returns the usage that this worker has read from Facebook's answers. */
function usageOf(client: Client) {
  const { percent, pausedUntil } = client.usage();
  return { percent, ...(pausedUntil > Date.now() ? { pausedUntil: new Date(pausedUntil).toISOString() } : {}) };
}

/** Converts a person or Page; empty where the answer names none. */
function personsIn(answer: JsonRecord): readonly Person[] {
  const id = idOf(answer.id);
  if (id === undefined) return [];
  const names = [answer.first_name, answer.last_name].flatMap((part) => textOf(part, 120) ?? []);
  const link = httpUrl(answer.link, 2_048);
  return [
    {
      type: "person",
      address: id,
      ...optional("name", textOf(answer.name, 256) ?? (names.join(" ") || undefined)),
      url: link ?? `https://www.facebook.com/${id}`,
      ...optional("summary", textOf(answer.about, 1_024)),
      ...optional("image", httpUrl(answer.profile_pic ?? recordOf(recordOf(answer.picture).data).url, 2_048)),
    },
  ];
}
