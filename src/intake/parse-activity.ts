import { type Activity, Envelope } from "../model/activity.ts";
import { withCheckedBase64 } from "../model/base64.ts";
import { Refusal } from "../model/refusal.ts";
import { unknownProperty, type ValidationError, validationErrors } from "../model/validate.ts";
import type { Platform, ValidationIssue, Verb } from "../platform/platform.ts";
import { checkContents, separateContents } from "./attachment-contents.ts";
import { readContext, renamedErrors, withPlainAddresses } from "./canonical-form.ts";
import { fingerprint } from "./fingerprint.ts";
import { isObject, normalize, postedPointer } from "./normalize.ts";
import { textInPlaceOfObject } from "./text-parts.ts";
import { usableRid } from "./usable-rid.ts";

/** A posted activity that can be accepted, but for what only the store knows. */
export interface ParsedActivity {
  readonly platform: Platform;
  /** Without rid and id, which accepting gives; attachments without their content. */
  readonly activity: Omit<Activity, "id" | "rid">;
  readonly rid: string | number | undefined;
  readonly fingerprint: string;
  readonly blobs: ReadonlyMap<string, Buffer>;
  /** Unix ms. */
  readonly dueAt: number | undefined;
  readonly lifetimeMs: number;
}

interface ValidActivity {
  readonly platform: Platform;
  readonly activity: Omit<Activity, "id" | "rid">;
}

const YEAR_MS = 366 * 24 * 3_600_000;
const PARTS = ["actor", "target", "object"] as const;
const MEMBERS = ["rid", "platform", "verb", ...PARTS, "context", "options"];

/** Finds platforms by id or alias. */
export type FindPlatform = (name: string) => Platform | undefined;

/**
 * Reads one posted activity. Envelope first, then platform and verb, then only that verb's schema, so that a fault
 * points at the field. Rejects with `Refusal` (with the rid, if it has a usable one).
 */
export async function parseActivity(find: FindPlatform, posted: unknown, now: number): Promise<ParsedActivity> {
  if (!isObject(posted))
    throw new Refusal("validation-failed", "An activity is a JSON object.", [
      { pointer: "", detail: "must be an object" },
    ]);
  try {
    const { platform, activity } = withCheckedBase64(await checkContents(posted), () => read(find, posted));
    return {
      platform,
      ...(await separateContents(activity)),
      rid: posted.rid as string | number | undefined,
      fingerprint: await fingerprint(activity),
      dueAt: dueOf(activity, posted, now),
      lifetimeMs: (activity.options?.expiresIn ?? platform.lifetimeSeconds) * 1_000,
    };
  } catch (error) {
    if (error instanceof Refusal) error.rid = usableRid(posted);
    throw error;
  }
}

/** Validates what was posted, and returns the activity with its attachments' contents. */
function read(find: FindPlatform, posted: Record<string, unknown>): ValidActivity {
  const input = normalize(posted);
  check(validationErrors(Envelope, { ...input, ...(posted.rid === undefined ? {} : { rid: posted.rid }) }), posted);
  const platform = find(input.platform as string);
  if (!platform)
    throw new Refusal("platform-unknown", "GET /platforms lists the platforms of this gateway.", [
      { pointer: "/platform", detail: "is not a platform of this gateway" },
    ]);
  const verb = input.verb as string;
  const known = verbOf(platform, verb);
  const { platform: _, verb: __, options, context: postedContext, ...given } = input;
  const parts = withPlainAddresses(platform, given);
  const unknown = Object.keys(parts).find((name) => !(PARTS as readonly string[]).includes(name));
  if (unknown !== undefined) check([{ pointer: "", detail: unknownProperty(unknown, MEMBERS) }], posted);
  check(textInPlaceOfObject(parts), posted);
  check(renamedErrors(known, parts), posted);
  check(validationErrors(known.schema, parts), posted);
  const { errors = [], context } = {
    errors: undefined,
    context: undefined,
    ...readContext(postedContext, platform.contexts),
  };
  check(errors, posted);

  const activity = {
    platform: platform.id,
    verb,
    ...parts,
    ...(context === undefined ? {} : { context }),
    ...(options === undefined ? {} : { options }),
  } as unknown as Omit<Activity, "id" | "rid">;
  const refused = platform.validate?.(verb, activity);
  if (refused) throwIssue(refused, posted);
  return { platform, activity };
}

/** Finds a verb of the platform. Throws `Refusal` `verb-not-supported` that names the others, or the verb's new name. */
function verbOf(platform: Platform, name: string): Verb {
  const verb = Object.hasOwn(platform.verbs, name) ? platform.verbs[name] : undefined;
  if (verb) return verb;
  const others = `${platform.id} knows: ${Object.keys(platform.verbs).join(", ")}.`;
  const instead = Object.hasOwn(platform.renamedVerbs ?? {}, name) ? platform.renamedVerbs?.[name] : undefined;
  if (instead === undefined)
    throw new Refusal("verb-not-supported", others, [{ pointer: "/verb", detail: "is not a verb of this platform" }]);
  const error = { pointer: "/verb", detail: `was renamed: use ${instead}` };
  throw new Refusal("verb-not-supported", `Use ${instead}. ${others}`, [error]);
}

function throwIssue({ code, detail, pointer }: ValidationIssue, posted: Record<string, unknown>): never {
  if (code === "validation-failed") check([{ pointer, detail }], posted);
  throw new Refusal(code, detail, [{ pointer: postedPointer(posted, pointer), detail: "can't be reached" }]);
}

function check(found: readonly ValidationError[], posted: Record<string, unknown>): void {
  if (found.length === 0) return;
  const errors = found.map((error) => ({ ...error, pointer: postedPointer(posted, error.pointer) }));
  const first = errors[0] as ValidationError;
  throw new Refusal(
    "validation-failed",
    `${first.pointer === "" ? "The activity" : first.pointer} ${first.detail}.`,
    errors,
  );
}

function dueOf(
  activity: Omit<Activity, "id" | "rid">,
  posted: Record<string, unknown>,
  now: number,
): number | undefined {
  if (activity.options?.sendAt === undefined) return undefined;
  const dueAt = Date.parse(activity.options.sendAt);
  if (Number.isNaN(dueAt) || dueAt > now + YEAR_MS)
    check([{ pointer: "/options/sendAt", detail: "must be a time at most a year ahead" }], posted);
  return dueAt;
}
