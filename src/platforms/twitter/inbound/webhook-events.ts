import { createHmac, timingSafeEqual } from "node:crypto";
import { validationErrors } from "../../../model/validate.ts";
import type { InboundEvent } from "../../../platform/platform.ts";
import { type Includes, XMessage, XPost, XUser } from "../client/response-schemas.ts";
import { isNewer } from "../schemas/address.ts";
import { actorOf, messageItem, postItem } from "./item.ts";

const signatureOf = (bytes: string | Uint8Array, secret: string): Buffer =>
  createHmac("sha256", secret).update(bytes).digest();

/**
 * The body of the answer to X's challenge (`GET …?crc_token=…`), which it asks when a webhook is made and every hour;
 * `secret` is the app's API key secret. X takes answers that come within 10 s.
 */
export function crcAnswer(secret: string, token: string): { readonly response_token: string } {
  return { response_token: `sha256=${signatureOf(token, secret).toString("base64")}` };
}

/** Whether a push is X's own: `header` is `x-twitter-webhooks-signature`, over the bytes as they came. Takes constant time. */
export function verifySignature(raw: Uint8Array, header: string | undefined, secret: string): boolean {
  const given = Buffer.from(/^sha256=([A-Za-z0-9+/]{43}=)$/.exec(header ?? "")?.[1] ?? "", "base64");
  const expected = signatureOf(raw, secret);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Whom a push is for at X, and what it brings; the account's address at the gateway is the caller's to know. */
export interface Pushed {
  /** The id at X of the account of ours. */
  readonly user: string;
  readonly arrivals: readonly InboundEvent[];
}

/**
 * Reads a push of X's Activity API. `addressOf` gives the account's address by its id at X, undefined for one that is
 * none of ours. Keys are those of the polled subscriptions, so what comes both ways arrives once. What is not known, or
 * does not fit, brings nothing: X does not push it again.
 */
export function eventsOf(body: unknown, addressOf: (user: string) => string | undefined): readonly Pushed[] {
  return listIn(body).flatMap((one) => {
    const pushed = pushedBy(bag(one), addressOf);
    return pushed ? [pushed] : [];
  });
}

/** The ids at X of all whom a push is for, each once. */
export function usersOf(body: unknown): readonly string[] {
  return [...new Set(listIn(body).flatMap((one) => idIn(bag(bag(one).filter).user_id) ?? []))];
}

function listIn(body: unknown): readonly unknown[] {
  const { data } = bag(body);
  return (Array.isArray(data) ? data : [data]).slice(0, 100);
}

type Brought = { readonly key: string; readonly event: Omit<InboundEvent["event"], "platform" | "target"> };

function pushedBy(data: Bag, addressOf: (user: string) => string | undefined): Pushed | undefined {
  const user = idIn(bag(data.filter).user_id);
  const address = user === undefined ? undefined : addressOf(user);
  if (user === undefined || address === undefined) return undefined;
  const payload = bag(data.payload);
  const { users } = bag(data.includes);
  const known = [users, payload.users].flatMap((list) => Object.values(bagOrList(list))).flatMap(userIn);
  const brought = broughtBy(String(data.event_type), payload, { users: known }, user, idIn(data.event_uuid, "-?"));
  const arrivals = brought.map(({ key, event }) => ({
    key,
    event: { ...event, platform: "twitter", target: [{ address }] },
  }));
  return arrivals.length === 0 ? undefined : { user, arrivals };
}

function broughtBy(type: string, payload: Bag, includes: Includes, me: string, push = ""): readonly Brought[] {
  if (/^post\.(create|mention\.create|reply\.create|quote\.create)$/.test(type)) {
    if (validationErrors(XPost, payload).length > 0) return [];
    const post = payload as XPost;
    return [{ key: `post:${post.id}`, event: postItem(post, includes, me) }];
  }
  if (/^dm\.(received|sent)$/.test(type)) {
    const list = Array.isArray(payload.direct_message_events) ? payload.direct_message_events : [payload];
    return list.slice(0, 100).flatMap((one) => messageBy(bag(one), includes, me));
  }
  return /^follow\.(follow|unfollow)$/.test(type) ? followBy(type.slice(7), payload, includes, me, push) : [];
}

/** A direct message as the API gives it, or as pushes do, in the words of X's older one. */
function messageBy(given: Bag, includes: Includes, me: string): readonly Brought[] {
  const old = bag(given.message_create);
  const [from, to] = [idIn(old.sender_id), idIn(bag(old.target).recipient_id)];
  const sent = Number(given.created_timestamp);
  const between = from === undefined || to === undefined ? {} : { dm_conversation_id: conversation(from, to) };
  const said = {
    id: given.id,
    sender_id: from,
    text: bag(old.message_data).text,
    ...between,
    ...(sent > 0 && sent < 1e14 ? { created_at: new Date(sent).toISOString() } : {}),
  };
  const message = given.message_create === undefined ? given : said;
  if (validationErrors(XMessage, message).length > 0) return [];
  return [{ key: `message:${String(message.id)}`, event: messageItem(message as XMessage, includes, me) }];
}

const conversation = (a: string, b: string): string => (isNewer(a, b) ? `${b}-${a}` : `${a}-${b}`);

/** X gives a follow no id and no time of its own: the push's id tells it from the same person's next one. */
function followBy(verb: string, payload: Bag, includes: Includes, me: string, push: string): readonly Brought[] {
  const [source] = userIn(payload.source);
  const [target] = userIn(payload.target);
  if (!source) return [];
  const actor = actorOf(source.id, { users: [source, ...(includes.users ?? [])] });
  const object = {
    type: "person",
    id: target?.id ?? me,
    ...(target?.username ? { address: `@${target.username}` } : {}),
  };
  const event = { verb, actor, object, published: new Date().toISOString(), self: source.id === me };
  return [{ key: `${verb}:${source.id}:${object.id}:${push}`, event }];
}

/** Somebody, plain or wrapped in `data`, as some pushes have it. */
function userIn(value: unknown): readonly XUser[] {
  const one = bag(value);
  const user = one.data === undefined ? one : bag(one.data);
  return validationErrors(XUser, user).length === 0 ? [user as XUser] : [];
}

type Bag = Readonly<Record<string, unknown>>;

function bag(value: unknown): Bag {
  return Array.isArray(value) ? {} : bagOrList(value);
}
function bagOrList(value: unknown): Bag {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function idIn(value: unknown, sign = ""): string | undefined {
  return typeof value === "string" && new RegExp(`^${sign}[0-9]{1,19}$`).test(value) ? value : undefined;
}
