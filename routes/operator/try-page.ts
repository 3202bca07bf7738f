import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { type RequestHandler, Router } from "express";
import { Problem } from "../http/problem.ts";
import { staticBody } from "../http/static-body.ts";

/**
 * Serves the example page at `GET /try`; the base path leads there.
 * A person can send a message and watch its events. The page is one file whose own script and style are the only ones that its policy lets run.
 */
export function tryRoutes({ basePath }: { readonly basePath: string }): Router {
  const router = Router({ caseSensitive: true });
  router.get("/", (_req, res) => res.redirect(303, `${basePath}/try`));
  router.get("/try", pageHandler() ?? missing);
  return router;
}

function missing(): never {
  throw new Problem("not-found", "This installation comes without its examples.");
}

function pageHandler(): RequestHandler | undefined {
  // The examples lie beside `routes` and, once built, beside `dist`.
  const candidates = ["../../examples", "../../../examples"].map(
    (up) => new URL(`${up}/browser/index.html`, import.meta.url),
  );
  const file = candidates.find((candidate) => existsSync(candidate));
  if (file === undefined) return undefined;
  const body = readFileSync(file);
  return staticBody(body, {
    type: "text/html; charset=utf-8",
    headers: {
      "Content-Security-Policy": policyFor(body.toString("utf8")),
      "Cache-Control": "no-cache",
      "Cross-Origin-Opener-Policy": "same-origin",
      "Referrer-Policy": "no-referrer",
    },
  });
}

/** Content Security Policy Level 3. Nothing but what the page holds, named by its hashes, and the gateway itself. */
function policyFor(body: string): string {
  const own = (element: string): string =>
    body
      .split(`<${element}>`)
      .slice(1)
      .map((rest) => rest.slice(0, rest.indexOf(`</${element}>`)))
      .map((text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`)
      .join(" ");
  return [
    "default-src 'none'",
    `script-src ${own("script")}`,
    `style-src ${own("style")}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
}
