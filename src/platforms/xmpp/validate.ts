import type { Activity } from "../../model/activity.ts";
import type { ValidationIssue } from "../../platform/platform.ts";
import { isValidJid } from "./client/jid.ts";

/** Refuses addresses that match the schema's pattern but that no server could have. */
export function validate(
  _verb: string,
  { actor, target, object }: Pick<Activity, "actor" | "target" | "object">,
): ValidationIssue | undefined {
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
