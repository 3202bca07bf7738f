import type { Activity } from "../../model/activity.ts";
import type { ValidationIssue } from "../../platform/platform.ts";
import { ID_PATTERN } from "./schemas/schemas.ts";

const ID = new RegExp(ID_PATTERN);
/** Verbs that reach a person. */
const TO_PEOPLE = new Set(["send", "typing", "read"]);

const NOT_REACHABLE =
  "Facebook lets no person send through an app, and nobody be reached by name: a Page writes to people who wrote to it first, by the page-scoped id (PSID) that came with their message.";

/** Refuses, before anything is looked up, whom Facebook lets nobody reach, with what it does allow today. */
export function validate(
  verb: string,
  { actor, target, object }: Omit<Activity, "id" | "rid">,
): ValidationIssue | undefined {
  if (TO_PEOPLE.has(verb)) {
    const stranger = target.findIndex(({ address }) => !ID.test(address));
    if (stranger >= 0)
      return { code: "recipient-not-reachable", detail: NOT_REACHABLE, pointer: `/target/${stranger}/address` };
    if (!ID.test(actor.address))
      return {
        code: "validation-failed",
        detail: "must be the id of a Page: people can't act by an app",
        pointer: "/actor/address",
      };
  }
  const isPhoto = (object.attachments as ReadonlyArray<{ readonly mediaType?: string }> | undefined)?.every(
    ({ mediaType = "image/*" }) => mediaType.startsWith("image/"),
  );
  if ((verb === "post" || verb === "reply") && isPhoto === false)
    return { code: "validation-failed", detail: "must be a picture here", pointer: "/object/attachments/0/mediaType" };
  if (verb === "post" && object.link !== undefined && object.attachments !== undefined)
    return {
      code: "validation-failed",
      detail: "can't stand beside a photo: Facebook's posts hold either",
      pointer: "/object/link",
    };
  return undefined;
}
