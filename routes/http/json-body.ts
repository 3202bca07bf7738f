import type { IncomingMessage } from "node:http";
import { decodeUtf8, MalformedJson, parseJson } from "../../src/intake/parse-json.ts";
import { askForBody } from "./expect-continue.ts";
import { Problem } from "./problem.ts";

/** Maximum size of a body in bytes: with attachments, and without. */
export const MAX_BODY_BYTES = 14 * 1024 * 1024;
export const MAX_PLAIN_BODY_BYTES = 64 * 1024;

/** Reads a request's JSON body. Throws `Problem`: 413, 415 or 400, and never repeats what was sent. */
export async function readJson(
  req: IncomingMessage,
  maxBytes: number = MAX_PLAIN_BODY_BYTES,
): Promise<{ readonly value: unknown; readonly bytes: number }> {
  checkType(req);
  const bytes = await readBytes(req, maxBytes);
  return { value: parseBody(bytes), bytes: bytes.length };
}

/** Parses bytes or text as JSON under the same rules, for frames and bodies alike. */
export function parseBody(input: Uint8Array | string): unknown {
  try {
    return parseJson(typeof input === "string" ? input : decodeUtf8(input));
  } catch (error) {
    if (error instanceof MalformedJson) throw new Problem("malformed-json", error.message);
    throw error;
  }
}

/** Throws `Problem` `unsupported-media-type` unless the body is plain JSON in UTF-8. */
export function checkType(req: IncomingMessage): void {
  const [type = "", ...parameters] = (req.headers["content-type"] ?? "").split(";").map((part) => part.trim());
  const charset = parameters.find((parameter) => /^charset=/i.test(parameter));
  const utf8 = charset === undefined || /^charset="?utf-?8"?$/i.test(charset);
  if (!/^application\/(json|[a-z0-9.+-]+\+json)$/i.test(type) || !utf8) {
    throw new Problem("unsupported-media-type", "Send the body as application/json in UTF-8.");
  }
  const coding = req.headers["content-encoding"];
  if (coding !== undefined && coding.toLowerCase() !== "identity") {
    throw new Problem("unsupported-media-type", "Send the body without Content-Encoding.");
  }
}

/** Reads a body of up to `most` bytes. Throws `Problem`: 413, or 400 when it ends early. */
export function readBytes(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  // The connection stays: the rest is read and dropped, since closing on a client that still writes loses it the answer.
  const tooLarge = () => new Problem("payload-too-large", `The body may have ${Math.floor(maxBytes / 1024)} kB.`);
  if (Number(req.headers["content-length"] ?? 0) > maxBytes) return Promise.reject(tooLarge());
  askForBody(req);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    req.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else {
        req.removeAllListeners("data").resume();
        reject(tooLarge());
      }
    });
    req.once("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    req.once("error", reject);
    req.once("aborted", () => reject(new Problem("malformed-json", "The body ended early.")));
  });
}
