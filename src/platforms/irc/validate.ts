import type { Activity } from "../../model/activity.ts";
import { textIssue } from "../../platform/kit/rich-text/rich-text.ts";
import type { ValidationIssue } from "../../platform/platform.ts";
import { isChannel, MAX_NAME_BYTES } from "./schemas/identifiers.ts";
import { IRC_TEXT, textRefusal } from "./schemas/messages.ts";
import { availableBytes, split } from "./verbs/split.ts";

/** Messages that a text may become. At a line a second they occupy the account for that long. */
const MAX_PARTS = 20;
const MAX_TOPIC_BYTES = 390;
const MAX_REASON_BYTES = 300;

type PostedActivity = Pick<Activity, "target" | "object">;

/** Refuses lengths in bytes and mismatched targets, which no schema can express. */
export function validate(verb: string, { target, object }: PostedActivity): ValidationIssue | undefined {
  const tooLong = target.findIndex(({ address }) => Buffer.byteLength(address) > MAX_NAME_BYTES);
  if (tooLong >= 0) return issue(`/target/${tooLong}/address`, `has more than ${MAX_NAME_BYTES} bytes`);
  if (bytesOf(object.address) > MAX_NAME_BYTES)
    return issue("/object/address", `has more than ${MAX_NAME_BYTES} bytes`);
  return CHECKS[verb]?.({ target, object });
}

const CHECKS: Readonly<Record<string, (posted: PostedActivity) => ValidationIssue | undefined>> = {
  send: ({ target, object }) => {
    const kind = object.type === "action" || object.type === "notice" ? object.type : "message";
    return textIssue(object, IRC_TEXT, (text) => {
      const refusal = textRefusal(text);
      if (refusal !== undefined) return refusal;
      const parts = Math.max(...target.map(({ address }) => split(text, availableBytes(address, kind)).length));
      if (parts === 0) return "is blank, which IRC can't send";
      return parts > MAX_PARTS ? `becomes ${parts} messages; at most ${MAX_PARTS} are sent` : undefined;
    });
  },
  leave: ({ object }) => reasonIssue(object),
  kick: ({ object }) => reasonIssue(object),
  invite: ({ target }) => {
    const channel = target.findIndex(({ address }) => isChannel(address));
    if (channel < 0) return undefined;
    return issue(`/target/${channel}/address`, "must be a nick: `object.address` names the channel");
  },
  update: ({ target, object }) => {
    if (object.type === "profile")
      return target.length > 0 ? issue("/target", "must be empty: the nick is the account's own") : undefined;
    if (target.length === 0) return issue("/target", "must name the channel");
    return bytesOf(object.body) > MAX_TOPIC_BYTES
      ? issue("/object/body", `has more than ${MAX_TOPIC_BYTES} bytes`)
      : undefined;
  },
  query: ({ target, object }) => {
    const { type = "members" } = object;
    const [subject] = target;
    if (type === "rooms") return subject ? issue("/target", "must be empty: the list is the network's") : undefined;
    if (!subject) return issue("/target", "must name the channel or person");
    if (object.match !== undefined) return issue("/object/match", "goes with rooms only");
    if ((type === "members") === isChannel(subject.address)) return undefined;
    return issue("/target/0/address", type === "members" ? "must be a channel" : "must be a nick");
  },
};

function reasonIssue({ reason }: PostedActivity["object"]): ValidationIssue | undefined {
  return bytesOf(reason) > MAX_REASON_BYTES
    ? issue("/object/reason", `has more than ${MAX_REASON_BYTES} bytes`)
    : undefined;
}

function bytesOf(text: unknown): number {
  return typeof text === "string" ? Buffer.byteLength(text) : 0;
}

function issue(pointer: string, detail: string): ValidationIssue {
  return { code: "validation-failed", pointer, detail };
}
