import type { Activity } from "../../model/activity.ts";
import { postedText, textIssue } from "../../platform/kit/rich-text/rich-text.ts";
import type { ValidationIssue } from "../../platform/platform.ts";
import { isValidJid } from "./client/jid.ts";
import { textRefusal, XMPP_TEXT } from "./schemas/messages.ts";

/** Refuses addresses that no server could have, and texts that cannot be sent once converted. */
export function validate(
  verb: string,
  activity: Pick<Activity, "actor" | "target" | "object">,
): ValidationIssue | undefined {
  return addressIssue(activity) ?? (verb === "send" || verb === "update" ? messageIssue(verb, activity) : undefined);
}

function messageIssue(verb: string, { object }: Pick<Activity, "object">): ValidationIssue | undefined {
  const isCorrection = verb === "update" && object.id !== undefined;
  if (isCorrection && Object.keys(postedText(object)).length === 0)
    return { code: "validation-failed", detail: "needs body, html or markdown", pointer: "/object" };
  return verb === "send" || isCorrection ? textIssue(object, XMPP_TEXT, textRefusal) : undefined;
}

function addressIssue({
  actor,
  target,
  object,
}: Pick<Activity, "actor" | "target" | "object">): ValidationIssue | undefined {
  const addresses = [
    { pointer: "/actor/address", address: actor.address },
    ...target.map(({ address }, index) => ({ pointer: `/target/${index}/address`, address })),
    ...(typeof object.address === "string" ? [{ pointer: "/object/address", address: object.address }] : []),
  ];
  const invalid = addresses.find(({ address }) => !isValidJid(address));
  if (!invalid) return undefined;
  const detail = "is not a JID: its domain must be a name, and its parts have at most 1023 bytes";
  return { code: "validation-failed", detail, pointer: invalid.pointer };
}
