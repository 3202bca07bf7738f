import type { RequestHandler } from "express";
import { staticBody } from "./static-body.ts";

/**
 * Answers the same public JSON until the process ends; see `staticBody`. Written at the first request: few processes are
 * asked.
 */
export function staticJson(make: () => unknown): RequestHandler {
  const headers = { "Cache-Control": "public, max-age=60" };
  let answer: RequestHandler | undefined;
  return (req, res, next) => {
    answer ??= staticBody(Buffer.from(JSON.stringify(make())), { type: "application/json; charset=utf-8", headers });
    return answer(req, res, next);
  };
}
