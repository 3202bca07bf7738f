import type { Activity } from "../../model/activity.ts";
import type { ValidationIssue } from "../../platform/platform.ts";
import { isRoom, NAME_BYTES } from "./schemas/identifiers.ts";
import type { MessageObject } from "./schemas/messages.ts";
import { roomFor, split } from "./verbs/split.ts";

/** Messages that one text may become: at a line a second they hold the account up for that long. */
export const PARTS_MOST = 20;
const TOPIC_BYTES = 390;

type Posted = Pick<Activity, "target" | "object">;

/** Refuses what no schema can say: lengths in bytes, and targets that do not go with the object. */
export function validate(verb: string, { target, object }: Posted): ValidationIssue | undefined {
  const long = target.findIndex(({ address }) => Buffer.byteLength(address) > NAME_BYTES);
  if (long >= 0) return unfit(`/target/${long}/address`, `has more than ${NAME_BYTES} bytes`);
  if (typeof object.address === "string" && Buffer.byteLength(object.address) > NAME_BYTES)
    return unfit("/object/address", `has more than ${NAME_BYTES} bytes`);
  return CHECKS[verb]?.({ target, object });
}

const CHECKS: Readonly<Record<string, (posted: Posted) => ValidationIssue | undefined>> = {
  send: ({ target, object }) => {
    const { body, type = "message" } = object as MessageObject;
    const parts = Math.max(...target.map(({ address }) => split(body, roomFor(address, type)).length));
    if (parts === 0) return unfit("/object/body", "is blank, which IRC can't say");
    if (parts > PARTS_MOST) return unfit("/object/body", `becomes ${parts} messages; at most ${PARTS_MOST} are sent`);
    return undefined;
  },
  leave: ({ object }) => reason(object),
  kick: ({ object }) => reason(object),
  update: ({ target, object }) => {
    if (object.type === "profile")
      return target.length > 0 ? unfit("/target", "must be empty: the nick is the account's own") : undefined;
    if (target.length === 0) return unfit("/target", "must name the channel");
    return bytes(object.body) > TOPIC_BYTES ? unfit("/object/body", `has more than ${TOPIC_BYTES} bytes`) : undefined;
  },
  query: ({ target, object }) => {
    const { type = "attendance" } = object;
    const [asked] = target;
    if (type === "rooms") return asked ? unfit("/target", "must be empty: the list is the network's") : undefined;
    if (!asked) return unfit("/target", "must name whom to ask about");
    if (object.match !== undefined) return unfit("/object/match", "goes with rooms only");
    if ((type === "attendance") === isRoom(asked.address)) return undefined;
    return unfit("/target/0/address", type === "attendance" ? "must be a channel" : "must be a nick");
  },
};

function reason({ body }: Posted["object"]): ValidationIssue | undefined {
  return bytes(body) > 300 ? unfit("/object/body", "has more than 300 bytes") : undefined;
}

function bytes(text: unknown): number {
  return typeof text === "string" ? Buffer.byteLength(text) : 0;
}

function unfit(pointer: string, detail: string): ValidationIssue {
  return { code: "validation-failed", pointer, detail };
}
