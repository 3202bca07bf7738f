import { existsSync, readFileSync } from "node:fs";
import { type RequestHandler, Router } from "express";
import { Problem } from "../http/problem.ts";
import { staticBody } from "../http/static-body.ts";

/** `GET /client.js`: the browser client, public. A browser asks at most once an hour whether it is still the same. */
export function clientRoutes(): Router {
  const router = Router();
  router.get("/client.js", scriptHandler() ?? missing);
  return router;
}

function missing(): never {
  throw new Problem("not-found", "This installation comes without its clients.");
}

function scriptHandler(): RequestHandler | undefined {
  // The clients lie beside `routes` and, once built, beside `dist`.
  const candidates = ["../../clients", "../../../clients"].map(
    (up) => new URL(`${up}/browser/dragoman.js`, import.meta.url),
  );
  const file = candidates.find((candidate) => existsSync(candidate));
  if (file === undefined) return undefined;
  return staticBody(readFileSync(file), {
    type: "text/javascript; charset=utf-8",
    headers: { "Cache-Control": "public, max-age=3600" },
  });
}
