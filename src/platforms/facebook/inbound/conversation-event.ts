import { type InboundResult, inboundEvent } from "./inbound.ts";
import { type JsonRecord, recordOf, textOf, withoutUndefined } from "./json.ts";
import { itemOf, type Talk } from "./talk.ts";

/** Members of an item that every kind has. */
const COMMON = new Set(["sender", "recipient", "timestamp", "is_deleted"]);

/**
 * Reads an item that is not a message. Kinds are referrals, opt-ins, changes of the app in control, and unknown ones.
 * The item becomes an `update` of the conversation, with Facebook's name of the kind.
 */
export function readConversationEvent(item: JsonRecord, talk: Talk): InboundResult {
  const kind = Object.keys(item).find((name) => !COMMON.has(name) && /^[a-z_]{1,40}$/.test(name));
  if (kind === undefined) return {};
  const details = recordOf(item[kind]);
  const object = withoutUndefined({
    type: "conversation",
    value: textOf(details.ref ?? details.payload ?? details.metadata, 2_083),
    facebook: { event: kind, ...referralOf(details) },
  });
  const key = `c:${kind}:${talk.person}:${talk.stamp}`;
  return inboundEvent(key, talk.page, itemOf(talk, "update", object, { self: talk.isByPage }));
}

/** Returns the origin of a person who opens the conversation. Origins are links, advertisements and plugins. */
export function referralOf(value: unknown): JsonRecord {
  const { ref, source, type, ad_id, referer_uri } = recordOf(value);
  return withoutUndefined({
    ref: textOf(ref, 2_083),
    source: textOf(source, 64),
    kind: textOf(type, 64),
    ad: textOf(ad_id, 64),
    referer: textOf(referer_uri, 2_083),
  });
}
