import type { Activity } from "../../model/activity.ts";
import { atMost, networkText, PLAIN_TEXT, postedText, textIssue } from "../../platform/kit/rich-text/rich-text.ts";
import type { ValidationIssue } from "../../platform/platform.ts";
import { ID_PATTERN } from "./schemas/common.ts";
import { MAX_MESSAGE } from "./schemas/messages.ts";
import { MAX_POST } from "./schemas/posts.ts";

const ID = new RegExp(ID_PATTERN);
const MAX_COMMENT_LENGTH = 8_000;
/** Verbs that reach a person. */
const PERSONAL_VERBS = new Set(["send", "typing", "read"]);

const NOT_REACHABLE =
  "Facebook lets no person send through an app, and nobody be reached by name: a Page writes to people who wrote to it first, by the page-scoped id (PSID) that came with their message.";

/** Refuses what Facebook never allows, and names the allowed way. No account is looked up before. */
export function validate(verb: string, activity: Omit<Activity, "id" | "rid">): ValidationIssue | undefined {
  const { object } = activity;
  if (verb === "send") return peopleIssue(activity) ?? messageIssue(object);
  if (PERSONAL_VERBS.has(verb)) return peopleIssue(activity);
  if (verb === "post") return postIssue(object);
  return verb === "update" ? textIssue(object, PLAIN_TEXT, atMost(MAX_POST)) : undefined;
}

function messageIssue(object: Activity["object"]): ValidationIssue | undefined {
  if (object.attachments !== undefined && networkText(postedText(object), PLAIN_TEXT) !== undefined)
    return issue("must not be given beside a text: Facebook's messages hold either", "/object/attachments");
  return textIssue(object, PLAIN_TEXT, atMost(MAX_MESSAGE));
}

function peopleIssue({ actor, target }: Pick<Activity, "actor" | "target">): ValidationIssue | undefined {
  const index = target.findIndex(({ address }) => !ID.test(address));
  if (index >= 0)
    return { code: "recipient-not-reachable", detail: NOT_REACHABLE, pointer: `/target/${index}/address` };
  if (ID.test(actor.address)) return undefined;
  return issue("must be the id of a Page: people cannot act through an app", "/actor/address");
}

function postIssue(object: Activity["object"]): ValidationIssue | undefined {
  const { url, attachments, inReplyTo } = object;
  if (!isPicture(attachments)) return issue("must be a picture here", "/object/attachments/0/mediaType");
  if (url !== undefined && attachments !== undefined)
    return issue("must not be given beside a photo: Facebook's posts hold either", "/object/url");
  if (inReplyTo === undefined) return textIssue(object, PLAIN_TEXT, atMost(MAX_POST));
  if (url !== undefined) return issue("must not be given in a comment: put the link into the body", "/object/url");
  return textIssue(object, PLAIN_TEXT, (text) =>
    text.length > MAX_COMMENT_LENGTH ? `must have at most ${MAX_COMMENT_LENGTH} characters in a comment` : undefined,
  );
}

function isPicture(attachments: unknown): boolean {
  const list = Array.isArray(attachments) ? attachments : [];
  return list.every(({ mediaType = "image/*" }: { readonly mediaType?: string }) => mediaType.startsWith("image/"));
}

function issue(detail: string, pointer: string): ValidationIssue {
  return { code: "validation-failed", detail, pointer };
}
