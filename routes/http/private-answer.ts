import type { RequestHandler } from "express";

/** Headers of every answer that is not public. No cache keeps it, and no browser guesses its type. */
export const PRIVATE_HEADERS = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" } as const;

/** Middleware that makes answers private; the few public routes set their own `Cache-Control`. */
export function privateByDefault(): RequestHandler {
  return (_req, res, next) => {
    for (const [name, value] of Object.entries(PRIVATE_HEADERS)) res.setHeader(name, value);
    next();
  };
}
