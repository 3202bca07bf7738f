import { validationErrors } from "../../../model/validate.ts";
import type { InboundEvent } from "../../../platform/platform.ts";
import { Includes, XMessage, XPost, XUser } from "../client/response-schemas.ts";
import { isNewer } from "../schemas/address.ts";
import { actorOf, messageItem, postItem } from "./item.ts";

/** Events that one webhook request contains for one account. */
export interface WebhookEvents {
  /** The account's id at X. */
  readonly userId: string;
  readonly events: readonly InboundEvent[];
}

/**
 * Reads a webhook request of X's Activity API. `addressOf` returns the account's address by its id at X, undefined for a
 * foreign id. Keys are those of the polled subscriptions, so an item that arrives both ways is recorded once. Unknown and
 * malformed items are skipped: X does not send them again.
 */
export function readWebhook(
  body: unknown,
  addressOf: (userId: string) => string | undefined,
): readonly WebhookEvents[] {
  return entriesOf(body).flatMap((entry) => {
    const events = readEntry(recordOf(entry), addressOf);
    return events ? [events] : [];
  });
}

/** Returns the distinct user ids at X that a request is for. */
export function userIdsOf(body: unknown): readonly string[] {
  return [...new Set(entriesOf(body).flatMap((entry) => idOf(recordOf(recordOf(entry).filter).user_id) ?? []))];
}

function entriesOf(body: unknown): readonly unknown[] {
  const { data } = recordOf(body);
  return (Array.isArray(data) ? data : [data]).slice(0, 100);
}

type KeyedEvent = { readonly key: string; readonly event: Omit<InboundEvent["event"], "platform" | "target"> };

function readEntry(data: JsonRecord, addressOf: (userId: string) => string | undefined): WebhookEvents | undefined {
  const userId = idOf(recordOf(data.filter).user_id);
  const address = userId === undefined ? undefined : addressOf(userId);
  if (userId === undefined || address === undefined) return undefined;
  const payload = recordOf(data.payload);
  const { users } = recordOf(data.includes);
  const included = [users, payload.users].flatMap((list) => Object.values(recordOrList(list))).flatMap(usersIn);
  const eventId = idOf(data.event_uuid, /^-?[0-9]{1,19}$/);
  const includes = { users: included, ...includedIn(recordOf(data.includes)) };
  const keyed = readPayload(String(data.event_type), payload, includes, userId, eventId);
  const events = keyed.map(({ key, event }) => ({
    key,
    event: { ...event, platform: "twitter", target: [{ address }] },
  }));
  return events.length === 0 ? undefined : { userId, events };
}

/** Reads the posts and media that a request includes; malformed lists are skipped. */
function includedIn({ posts, tweets, media }: JsonRecord): Includes {
  const includes = { posts, tweets, media };
  const valid = Object.entries(includes).filter(
    ([name, list]) => validationErrors(Includes, { [name]: list }).length === 0,
  );
  return Object.fromEntries(valid.filter(([, list]) => list !== undefined)) as Includes;
}

function readPayload(
  type: string,
  payload: JsonRecord,
  includes: Includes,
  ownId: string,
  eventId = "",
): readonly KeyedEvent[] {
  if (/^post\.(create|mention\.create|reply\.create|quote\.create)$/.test(type)) {
    if (validationErrors(XPost, payload).length > 0) return [];
    const post = payload as XPost;
    return [{ key: `post:${post.id}`, event: postItem(post, includes, ownId) }];
  }
  if (/^dm\.(received|sent)$/.test(type)) {
    const list = Array.isArray(payload.direct_message_events) ? payload.direct_message_events : [payload];
    return list.slice(0, 100).flatMap((message) => readMessage(recordOf(message), includes, ownId));
  }
  if (/^follow\.(follow|unfollow)$/.test(type)) return readFollow(type.slice(7), payload, includes, ownId, eventId);
  return [];
}

/** Reads a direct message in either form. Webhooks use an older form than API v2. */
function readMessage(payload: JsonRecord, includes: Includes, ownId: string): readonly KeyedEvent[] {
  const message = payload.message_create === undefined ? payload : fromOlderForm(payload);
  if (validationErrors(XMessage, message).length > 0) return [];
  return [{ key: `message:${String(message.id)}`, event: messageItem(message as XMessage, includes, ownId) }];
}

function fromOlderForm(payload: JsonRecord): JsonRecord {
  const create = recordOf(payload.message_create);
  const [sender, recipient] = [idOf(create.sender_id), idOf(recordOf(create.target).recipient_id)];
  const sentAt = Number(payload.created_timestamp);
  return {
    id: payload.id,
    sender_id: sender,
    text: recordOf(create.message_data).text,
    ...(sender === undefined || recipient === undefined
      ? {}
      : { dm_conversation_id: conversationIdOf(sender, recipient) }),
    ...(sentAt > 0 && sentAt < 1e14 ? { created_at: new Date(sentAt).toISOString() } : {}),
  };
}

const conversationIdOf = (a: string, b: string): string => (isNewer(a, b) ? `${b}-${a}` : `${a}-${b}`);

/** Reads a follow or its end. X gives no id or time, so `eventId` tells repeated follows apart. */
function readFollow(
  verb: string,
  payload: JsonRecord,
  includes: Includes,
  ownId: string,
  eventId: string,
): readonly KeyedEvent[] {
  const [source] = usersIn(payload.source);
  const [target] = usersIn(payload.target);
  if (!source) return [];
  const actor = actorOf(source.id, { users: [source, ...(includes.users ?? [])] });
  const object = {
    type: "person",
    id: target?.id ?? ownId,
    ...(target?.username ? { address: `@${target.username}` } : {}),
  };
  const event = { verb, actor, object, published: new Date().toISOString(), self: source.id === ownId };
  return [{ key: `${verb}:${source.id}:${object.id}:${eventId}`, event }];
}

/** Reads a user, plain or wrapped in `data` as in some requests. */
function usersIn(value: unknown): readonly XUser[] {
  const record = recordOf(value);
  const user = record.data === undefined ? record : recordOf(record.data);
  return validationErrors(XUser, user).length === 0 ? [user as XUser] : [];
}

type JsonRecord = Readonly<Record<string, unknown>>;

function recordOf(value: unknown): JsonRecord {
  return Array.isArray(value) ? {} : recordOrList(value);
}
function recordOrList(value: unknown): JsonRecord {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function idOf(value: unknown, form = /^[0-9]{1,19}$/): string | undefined {
  return typeof value === "string" && form.test(value) ? value : undefined;
}
