import type { Platform } from "../../platform/platform.ts";

/** Refuses an edit without a text, which may be in one of three forms. */
export const validate: NonNullable<Platform["validate"]> = (verb, { object }) => {
  const isEdit = verb === "update" && object.id !== undefined;
  if (!isEdit || [object.body, object.html, object.markdown].some((text) => text !== undefined)) return undefined;
  return { code: "validation-failed", detail: "needs body, html or markdown", pointer: "/object" };
};
