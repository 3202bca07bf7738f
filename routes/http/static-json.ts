import type { RequestHandler } from "express";
import { staticBody } from "./static-body.ts";

/** Answers the same public JSON until the process ends; see `staticBody`. */
export function staticJson(value: unknown): RequestHandler {
  const headers = { "Cache-Control": "public, max-age=60" };
  return staticBody(Buffer.from(JSON.stringify(value)), { type: "application/json; charset=utf-8", headers });
}
