import { createHash } from "node:crypto";
import type { RequestHandler } from "express";

/** Answers the same public JSON until the process ends. Written once, with an ETag, so that asking again costs a 304. */
export function staticJson(value: unknown): RequestHandler {
  const body = Buffer.from(JSON.stringify(value));
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`;
  const headers = {
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "public, max-age=60",
    ETag: etag,
  };
  return (_req, res) => {
    res.set(headers).send(body);
  };
}
