import { createHmac, timingSafeEqual } from "node:crypto";
import type { Arrival } from "../../platform.ts";
import { faults } from "../../validate.ts";
import { type Includes, XMessage, XPost, XUser } from "./answers.ts";
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
  readonly arrivals: readonly Arrival[];
}

/**
 * Reads a push of X's Activity API. `addressOf` gives the account's address by its id at X, undefined for one that is
 * none of ours. Keys are those of the polled subscriptions, so what comes both ways arrives once. What is not known, or
 * does not fit, brings nothing: X does not push it again.
 */
export function eventsOf(body: unknown, addressOf: (user: string) => string | undefined): readonly Pushed[] {
  const { data, includes } = bag(body);
  const list = Array.isArray(data) ? data : [data];
  return list.slice(0, 100).flatMap((one) => {
    const pushed = pushedBy(bag(one), usersIn(includes), addressOf);
    return pushed ? [pushed] : [];
  });
}

function pushedBy(
  data: Readonly<Record<string, unknown>>,
  users: readonly XUser[],
  addressOf: (user: string) => string | undefined,
): Pushed | undefined {
  const user = String(bag(data.filter).user_id ?? "");
  const address = /^[0-9]{1,19}$/.test(user) ? addressOf(user) : undefined;
  if (address === undefined) return undefined;
  const payload = bag(data.payload);
  const includes = { users: [...users, ...usersIn(payload.includes)] };
  const arrival = arrivalOf(String(data.event_type ?? ""), payload, includes, user);
  if (!arrival) return undefined;
  const event = { ...arrival.event, platform: "twitter", target: [{ address }] };
  return { user, arrivals: [{ key: arrival.key, event }] };
}

type Brought = { readonly key: string; readonly event: Omit<Arrival["event"], "platform" | "target"> };

function arrivalOf(
  type: string,
  payload: Readonly<Record<string, unknown>>,
  includes: Includes,
  me: string,
): Brought | undefined {
  if (
    /^post\.(create|mention\.create|reply\.create|quote\.create)$/.test(type) &&
    faults(XPost, payload).length === 0
  ) {
    const post = payload as XPost;
    return { key: `post:${post.id}`, event: postItem(post, includes, me) };
  }
  if (/^dm\.(received|sent)$/.test(type) && faults(XMessage, payload).length === 0) {
    const message = payload as XMessage;
    return { key: `message:${message.id}`, event: messageItem(message, includes, me) };
  }
  if (/^follow\.(follow|unfollow)$/.test(type)) return followed(type.slice("follow.".length), payload, includes, me);
  return undefined;
}

function followed(
  verb: string,
  payload: Readonly<Record<string, unknown>>,
  includes: Includes,
  me: string,
): Brought | undefined {
  const source = bag(payload.source);
  const id = String(source.id ?? payload.source_user_id ?? "");
  if (!/^[0-9]{1,19}$/.test(id)) return undefined;
  const known = faults(XUser, source).length === 0 ? [source as XUser] : [];
  const at = Date.parse(String(payload.created_at ?? ""));
  const published = new Date(Number.isNaN(at) ? Date.now() : at).toISOString();
  const actor = actorOf(id, { users: [...known, ...(includes.users ?? [])] });
  // X gives a follow no id; the same person's next one is told apart by its time.
  const key = `${verb}:${id}:${me}:${Number.isNaN(at) ? "" : published}`;
  return { key, event: { verb, actor, object: { type: "person", id: me }, published, self: id === me } };
}

function usersIn(includes: unknown): readonly XUser[] {
  const { users } = bag(includes);
  return Array.isArray(users) ? users.filter((one) => faults(XUser, one).length === 0) : [];
}

function bag(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
