import { MalformedJson } from "../../src/intake/parse-json.ts";
import { BodyTooLarge, parseLargeJson, TooManyItems } from "../../src/intake/parse-large-json.ts";
import { MAX_PLAIN_BODY_BYTES, parseBody } from "./json-body.ts";
import { Problem } from "./problem.ts";
import { checkItemCount, MAX_ITEMS } from "./submit-items.ts";

/**
 * Parses the body or frame of one activity or a list. Large ones are parsed in slices, and refused by length and shape
 * before. Throws `Problem`: `payload-too-large`, `malformed-json`, `validation-failed` for too many items.
 */
export async function parseActivities(bytes: Buffer): Promise<unknown> {
  if (bytes.length <= MAX_PLAIN_BODY_BYTES) return parseBody(bytes);
  try {
    return await parseLargeJson(bytes, { maxBytes: MAX_PLAIN_BODY_BYTES, maxItems: MAX_ITEMS });
  } catch (error) {
    if (error instanceof BodyTooLarge) {
      throw new Problem("payload-too-large", "Without its attachments' contents an activity may have 64 kB.");
    }
    if (error instanceof TooManyItems) checkItemCount({ length: MAX_ITEMS + 1 });
    if (error instanceof MalformedJson) throw new Problem("malformed-json", error.message);
    throw error;
  }
}
