import type { Activity } from "../../../model/activity.ts";
import { readEachTarget } from "../../../platform/kit/read-each-target.ts";
import type { Found, SearchResult } from "../../../platform/kit/search-result.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { classifyError } from "../errors.ts";
import {
  attachmentsOf,
  type Item,
  idOf,
  type JsonRecord,
  recordOf,
  recordsIn,
  textOf,
  withoutUndefined,
} from "../inbound/item.ts";
import type { FetchObject } from "../schemas/schemas.ts";

/** All of a result together stays under the 256 KiB that an event may have. */
const RESULT_BYTES = 224 * 1024;
const USUAL = 10;

const POST_FIELDS = "id,message,created_time,from,permalink_url,attachments{media_type,url,title}";
const COMMENT_FIELDS = "id,message,created_time,from,parent{id}";
const MESSAGE_FIELDS = "id,message,created_time,from,attachments{name,mime_type,file_url,image_data}";
const PAGE_FIELDS = "id,name,link,about,picture{url}";

/** Reads each target's newest posts, comments or messages once, newest first. */
export async function fetchItems(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { limit = USUAL, after } = activity.object as FetchObject;
  const page = activity.actor.address;
  const room = RESULT_BYTES / context.pending.length;
  const read = async (address: string) => {
    const { path, fields, items, more } = sourceOf(page, address, limit);
    const query = { fields, limit, ...more, ...(after === undefined ? {} : { after }) };
    const { data, paging } = await client.request({ method: "GET", path, query, signal: context.signal });
    const { cursors, next } = recordOf(paging);
    const cursor = next === undefined ? undefined : textOf(recordOf(cursors).after, 1_024);
    const all = recordsIn(data, 100).flatMap(items);
    const kept = fitting(all, room);
    return withoutUndefined({
      address,
      items: kept,
      more: kept.length < all.length || cursor !== undefined,
      next: cursor,
    });
  };
  const { outcomes, values } = await readEachTarget(activity, context, 2, read, classifyError);
  return { outcomes, object: { collections: values } };
}

interface Source {
  readonly path: string;
  readonly fields: string;
  readonly more?: Readonly<Record<string, string>>;
  readonly items: (one: JsonRecord) => readonly Item[];
}

function sourceOf(page: string, address: string, limit: number): Source {
  if (address === "feed")
    return { path: `${page}/feed`, fields: POST_FIELDS, items: (one) => itemOf(one, page, "post", undefined) };
  if (address === "conversations") {
    const fields = `id,updated_time,messages.limit(${limit}){${MESSAGE_FIELDS}}`;
    const items = ({ id, messages }: JsonRecord) =>
      recordsIn(recordOf(messages).data, limit).flatMap((one) => itemOf(one, page, "send", directOf(id)));
    return { path: `${page}/conversations`, fields, more: { platform: "messenger" }, items };
  }
  if (address.startsWith("t_")) {
    const items = (one: JsonRecord) => itemOf(one, page, "send", directOf(address));
    return { path: `${address}/messages`, fields: MESSAGE_FIELDS, items };
  }
  const context = { type: "thread", id: address };
  return { path: `${address}/comments`, fields: COMMENT_FIELDS, items: (one) => itemOf(one, page, "reply", context) };
}

function directOf(id: unknown): Item["context"] {
  const conversation = idOf(id);
  return conversation === undefined ? undefined : { type: "direct", id: conversation };
}

function itemOf(one: JsonRecord, page: string, verb: string, context: Item["context"]): readonly Item[] {
  const id = idOf(one.id);
  const published = Date.parse(String(one.created_time ?? "").replace(/([+-]\d{2})(\d{2})$/, "$1:$2"));
  if (id === undefined || Number.isNaN(published)) return [];
  const from = recordOf(one.from);
  const author = idOf(from.id) ?? "unknown";
  return [
    {
      verb,
      actor: withoutUndefined({ address: author, name: textOf(from.name, 256) }),
      object: withoutUndefined({
        type: "message",
        id,
        body: textOf(one.message),
        url: textOf(one.permalink_url, 2_048),
        inReplyTo: idOf(recordOf(one.parent).id),
        attachments: attachmentsOf(recordOf(one.attachments).data),
      }),
      ...(context === undefined ? {} : { context }),
      id,
      published: new Date(published).toISOString(),
      self: author === page,
    },
  ];
}

/** Searches Pages; one target is one query. There is no search for people. */
export async function search(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { limit = USUAL } = activity.object as { readonly limit?: number };
  const room = RESULT_BYTES / context.pending.length;
  const read = async (address: string): Promise<readonly Found[]> => {
    const query = { q: address, fields: "id,name,link", limit };
    const { data } = await client.request({ method: "GET", path: "pages/search", query, signal: context.signal });
    return fitting(
      recordsIn(data, limit).flatMap((one) => foundIn(address, one)),
      room,
    );
  };
  const { outcomes, values } = await readEachTarget(activity, context, 2, read, classifyError);
  return { outcomes, object: { results: values.flat() } satisfies SearchResult };
}

/** Answers who the Page or a person is, and how much of its calls the Page has used up. */
export async function query(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { address: page } = activity.actor;
  const read = async (
    address: string,
  ): Promise<{ readonly me?: Found | undefined; readonly people?: readonly Found[] }> => {
    if (address === "limits") return {};
    const isPage = address === "me" || address === page;
    const fields = isPage ? PAGE_FIELDS : "id,first_name,last_name,profile_pic";
    const path = isPage ? page : address;
    const found = foundIn(
      address,
      await client.request({ method: "GET", path, query: { fields }, signal: context.signal }),
    );
    return isPage ? { me: found[0] } : { people: found };
  };
  const { outcomes, values } = await readEachTarget(activity, context, 2, read, classifyError);
  const people = values.flatMap((value) => value.people ?? []);
  const me = values.find((value) => value.me !== undefined)?.me;
  const limits = outcomes.some(({ address }) => address === "limits") ? limitsOf(client) : undefined;
  return { outcomes, object: withoutUndefined({ me, limits, people: people.length === 0 ? undefined : people }) };
}

/** What this worker has heard of them. */
function limitsOf(client: Client) {
  const { percent, pausedUntil } = client.usage();
  return { percent, ...(pausedUntil > Date.now() ? { pausedUntil: new Date(pausedUntil).toISOString() } : {}) };
}

function foundIn(address: string, one: JsonRecord): readonly Found[] {
  const id = idOf(one.id);
  if (id === undefined) return [];
  const names = [one.first_name, one.last_name].flatMap((part) => textOf(part, 120) ?? []);
  const name = textOf(one.name, 256) ?? (names.join(" ") || undefined);
  const link = textOf(one.link, 2_048);
  const profile = link !== undefined && /^https?:\/\//i.test(link) ? link : `https://www.facebook.com/${id}`;
  const picture = textOf(one.profile_pic ?? recordOf(recordOf(one.picture).data).url, 2_048);
  const about = textOf(one.about, 1_024);
  return [
    {
      address,
      subject: id,
      aliases: [profile],
      links: [{ rel: "http://webfinger.net/rel/profile-page", type: "text/html", href: profile }],
      properties: about === undefined ? {} : { about },
      ...(name === undefined ? {} : { name }),
      ...(picture !== undefined && /^https?:\/\//i.test(picture) ? { avatar: picture } : {}),
    },
  ];
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
