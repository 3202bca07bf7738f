import { Value } from "typebox/value";
import type { Activity } from "../../model/activity.ts";
import type { ValidationIssue } from "../../platform/platform.ts";
import { wireAddress } from "./schemas/address.ts";
import { ReplyTo } from "./schemas/message.ts";

/** Refuses addresses that match the schema's pattern but that no mail server would accept. */
export function validate(
  _verb: string,
  { actor, target, object }: Omit<Activity, "id" | "rid">,
): ValidationIssue | undefined {
  // Validated by the schema; verbs other than send have no such member.
  const replyTo = Value.Check(ReplyTo, object.replyTo) ? [object.replyTo].flat() : [];
  const addresses = [
    { pointer: "/actor/address", address: actor.address },
    ...target.map(({ address }, index) => ({ pointer: `/target/${index}/address`, address })),
    ...replyTo.map(({ address }) => ({ pointer: "/object/replyTo", address })),
  ];
  const invalid = addresses.find(({ address }) => wireAddress(address) === undefined);
  if (!invalid) return undefined;
  const detail = "is no mail address: its domain must be a name, and its parts not longer than 64 and 253 characters";
  return { code: "validation-failed", detail, pointer: invalid.pointer };
}
