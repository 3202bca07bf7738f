import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { RequestHandler } from "express";

const compress = promisify(gzip);
/** Smallest body in bytes that is compressed. */
const MIN_COMPRESSED_BYTES = 2_048;

export interface StaticBodyOptions {
  /** `Content-Type`. */
  readonly type: string;
  /** Further headers, such as `Cache-Control`. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Answers the same public body until the process ends, with an ETag.
 * The first request of a client that takes gzip compresses the body.
 */
export function staticBody(body: Buffer, { type, headers }: StaticBodyOptions): RequestHandler {
  const tag = createHash("sha256").update(body).digest("base64url").slice(0, 27);
  let compressed: Promise<Buffer> | undefined;
  const common = { ...headers, "Content-Type": type, "X-Content-Type-Options": "nosniff" };
  return async (req, res) => {
    if (body.length < MIN_COMPRESSED_BYTES) {
      res.set({ ...common, ETag: `"${tag}"` }).send(body);
      return;
    }
    res.set({ ...common, Vary: "Accept-Encoding" });
    if (req.acceptsEncodings("gzip") !== "gzip") {
      res.set({ ETag: `"${tag}"` }).send(body);
      return;
    }
    compressed ??= compress(body);
    // Another representation has another strong validator (RFC 9110 section 8.8.3.3).
    res.set({ ETag: `"${tag}-gzip"`, "Content-Encoding": "gzip" }).send(await compressed);
  };
}
