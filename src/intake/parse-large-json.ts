import { setImmediate as nextTurn } from "node:timers/promises";
import { decodeUtf8, MalformedJson, parseJson } from "./parse-json.ts";
import { type BodyItem, type ContentRange, scanBody } from "./scan-body.ts";

export { BodyTooLarge, TooManyItems } from "./scan-body.ts";

const SLICE_BYTES = 256 * 1024;
const ESCAPE_BYTES = 6;
const BACKSLASH = "\\".charCodeAt(0);

/**
 * Parses a large body in slices, so that other requests are served in between. Rules are those
 * of `parseJson`; each item may weigh `maxBytes` without its attachments' contents. Throws `MalformedJson`, and
 * `BodyTooLarge` or `TooManyItems` before anything is parsed.
 */
export async function parseLargeJson(
  bytes: Buffer,
  limits: { readonly maxBytes: number; readonly maxItems: number },
): Promise<unknown> {
  const { isList, items } = await scanBody(bytes, limits);
  const values: unknown[] = [];
  for (const item of items) {
    values.push(await parseItem(bytes, item));
    await nextTurn();
  }
  return isList ? values : values[0];
}

/** Parses an item without its contents, then puts these back where they were. */
async function parseItem(bytes: Buffer, { start, end, contents }: BodyItem): Promise<unknown> {
  const parts: Buffer[] = [];
  let position = start;
  for (const [index, range] of contents.entries()) {
    parts.push(bytes.subarray(position, range.start), Buffer.from(String(index)));
    position = range.end;
  }
  parts.push(bytes.subarray(position, end));
  const value = parseJson(decodeUtf8(Buffer.concat(parts)));
  if (contents.length === 0) return value;
  // The scan found the contents at this path, and repeated keys were refused.
  const { object } = value as { object: { attachments: ReadonlyArray<{ content?: unknown } | null> } };
  for (const attachment of object.attachments) {
    const range = typeof attachment?.content === "string" ? contents[Number(attachment.content)] : undefined;
    if (attachment && range) attachment.content = await readString(bytes, range);
  }
  return value;
}

/** Decodes the inside of a JSON string slice by slice. A slice never ends within an escape sequence. */
async function readString(bytes: Buffer, { start, end }: ContentRange): Promise<string> {
  const parts: string[] = [];
  for (let position = start; position < end; ) {
    let cut = Math.min(end, position + SLICE_BYTES);
    const lastEscape = bytes.subarray(cut - ESCAPE_BYTES, cut).lastIndexOf(BACKSLASH);
    if (cut < end && lastEscape !== -1) cut += lastEscape - ESCAPE_BYTES;
    try {
      // Base64 is ASCII: any other byte is refused later, however it is decoded here.
      parts.push(JSON.parse(`"${bytes.toString("latin1", position, cut)}"`) as string);
    } catch {
      throw new MalformedJson("The body is not valid JSON.");
    }
    position = cut;
    await nextTurn();
  }
  return parts.join("");
}
