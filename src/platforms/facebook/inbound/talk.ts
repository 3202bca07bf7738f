import { optional } from "../../../model/optional.ts";
import type { EntryContext } from "./inbound.ts";
import type { Item } from "./item.ts";
import { digestOf, idOf, type JsonRecord, recordOf, secondsOrMs, timeOf } from "./json.ts";

/** Facts about an item of a conversation between the Page and a person. */
export interface Talk extends EntryContext {
  /** The person, whichever of the two acts. */
  readonly person: string;
  readonly isByPage: boolean;
  readonly published: string;
  /** Part of the keys of items without an id. Items without a time have a digest. */
  readonly stamp: string;
}

/** Reads both sides and the time of an item. Undefined: the item is of another Page. */
export function talkOf(item: JsonRecord, context: EntryContext): Talk | undefined {
  const { page, time } = context;
  const sides = [idOf(recordOf(item.sender).id), idOf(recordOf(item.recipient).id)];
  const person = sides.find((id) => id !== page) ?? idOf(recordOf(item.optin).user_ref);
  if (!sides.includes(page) || person === undefined) return undefined;
  const ownTime = timeOf(item.timestamp);
  const published = ownTime ?? secondsOrMs(time) ?? new Date().toISOString();
  const stamp = ownTime === undefined ? digestOf(item) : String(Date.parse(ownTime));
  return { ...context, person, isByPage: sides[0] === page, published, stamp };
}

/** Returns the event's content; in standby the object says so, since another app answers. */
export function itemOf(
  talk: Talk,
  verb: string,
  object: JsonRecord,
  { id, self = false }: { readonly id?: string | undefined; readonly self?: boolean } = {},
): Item {
  const { facebook } = object;
  const standby = talk.isStandby ? { facebook: { ...recordOf(facebook), standby: true } } : {};
  return {
    verb,
    actor: { address: self ? talk.page : talk.person },
    object: { ...object, ...standby },
    context: { type: "direct", id: talk.person },
    ...optional("id", id),
    published: talk.published,
    self,
  };
}
