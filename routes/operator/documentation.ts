import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type RequestHandler, Router } from "express";
import { Problem } from "../http/problem.ts";
import { staticBody } from "../http/static-body.ts";

/** Media types by the endings of the site's files. */
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json; charset=utf-8",
  md: "text/markdown; charset=utf-8",
  txt: "text/plain; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
};

/** Content Security Policy Level 3: the pages' own scripts, styles and pictures, and nothing else. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const HEADERS = {
  "Cache-Control": "public, max-age=300",
  "Content-Security-Policy": POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
};

/** Serves the documentation at `GET /docs/`, public. `folder` is what the build wrote, see site/write.ts. */
export function documentationRoutes(folder: string = builtFolder()): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const files = new Map(filesIn(folder).map((name) => [addressOf(name), name]));
  const handlers = new Map<string, RequestHandler>();
  const handlerOf = (address: string): RequestHandler | undefined => {
    const name = files.get(address);
    if (name === undefined) return undefined;
    const known = handlers.get(address) ?? fileHandler(join(folder, name));
    handlers.set(address, known);
    return known;
  };
  // Relative, so that it holds under any base path.
  router.get("/docs", (_req, res) => res.redirect(303, "docs/"));
  router.get(["/docs/", "/docs/*address"], (req, res, next) => {
    const { address = [] } = req.params as { readonly address?: readonly string[] };
    const handler = handlerOf(address.join("/"));
    if (handler === undefined) throw notFound(files.size);
    return handler(req, res, next);
  });
  return router;
}

function notFound(count: number): Problem {
  return new Problem(
    "not-found",
    count === 0
      ? "This installation comes without its documentation; `npm run build` makes it."
      : "The documentation has no such page; /docs/ under the base path lists all.",
  );
}

/** The built site lies beside `dist/routes`; from the sources it is looked for there too. */
function builtFolder(): string {
  const candidates = ["../../docs", "../../dist/docs"].map((up) => fileURLToPath(new URL(up, import.meta.url)));
  return candidates.find((candidate) => existsSync(join(candidate, "index.html"))) ?? "";
}

function filesIn(folder: string): readonly string[] {
  if (folder === "") return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => TYPES[endingOf(name)] !== undefined);
}

/** Pages are asked for without their ending. */
function addressOf(name: string): string {
  return name === "index.html" ? "" : name.replace(/\.html$/, "");
}

function fileHandler(file: string): RequestHandler {
  return staticBody(readFileSync(file), {
    type: TYPES[endingOf(file)] ?? "application/octet-stream",
    headers: HEADERS,
  });
}

function endingOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
