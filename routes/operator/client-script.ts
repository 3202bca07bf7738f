import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { Router } from "express";
import { Problem } from "../http/problem.ts";

/** `GET /client.js`: the browser client, public. A browser asks at most once an hour whether it is still the same. */
export function clientRoutes(): Router {
  const router = Router();
  const script = readScript();
  router.get("/client.js", (_req, res) => {
    if (script === undefined) throw new Problem("not-found", "This installation comes without its clients.");
    res.set(script.headers).send(script.body);
  });
  return router;
}

function readScript(): { readonly body: Buffer; readonly headers: Readonly<Record<string, string>> } | undefined {
  // The clients lie beside `routes` and, once built, beside `dist`.
  const candidates = ["../../clients", "../../../clients"].map(
    (up) => new URL(`${up}/browser/dragoman.js`, import.meta.url),
  );
  const file = candidates.find((candidate) => existsSync(candidate));
  if (file === undefined) return undefined;
  const body = readFileSync(file);
  return {
    body,
    headers: {
      "Content-Type": "text/javascript; charset=utf-8",
      "Cache-Control": "public, max-age=3600",
      "X-Content-Type-Options": "nosniff",
      ETag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`,
    },
  };
}
