import { randomUUID } from "node:crypto";
import type { RequestListener, ServerResponse } from "node:http";

const HEADER = "X-Request-Id";
/** Ids that a client or proxy may choose; others are replaced, since logs repeat them. */
const CHOSEN = /^[A-Za-z0-9._:=@/+-]{1,128}$/;

/**
 * Gives each answer the id of its request and the version of the product.
 * A proxy, the app and the gateway then log the same request under one id.
 */
export function identifyAnswers(version: string, listener: RequestListener): RequestListener {
  return (req, res) => {
    const sent = req.headers["x-request-id"];
    res.setHeader(HEADER, typeof sent === "string" && CHOSEN.test(sent) ? sent : randomUUID());
    res.setHeader("Dragoman-Version", version);
    listener(req, res);
  };
}

/** Returns the id of the request that is being answered. Undefined on listeners that give none. */
export function requestIdOf(res: ServerResponse): string | undefined {
  const id = res.getHeader(HEADER);
  return typeof id === "string" ? id : undefined;
}
