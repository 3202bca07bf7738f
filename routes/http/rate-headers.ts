import type { ServerResponse } from "node:http";
import type { RateAllowance } from "../../src/operations/admission.ts";

/** Sets the headers that tell an app its rate (draft-ietf-httpapi-ratelimit-headers). */
export function setRateHeaders(res: ServerResponse, { limit, remaining, resetSeconds }: RateAllowance): void {
  if (res.headersSent) return;
  res.setHeader("RateLimit-Policy", `"activities";q=${limit};w=1`);
  res.setHeader("RateLimit", `"activities";r=${remaining};t=${resetSeconds}`);
}
