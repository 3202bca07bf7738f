import { Router } from "express";
import { Problem } from "../http/problem.ts";
import { builtFolder, staticFolder } from "../http/static-folder.ts";

const HEADERS = {
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; "),
  "Cache-Control": "no-cache",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
} as const;

/** Serves the console's page with its script and style, made by `ops/bundle-console.mjs`. */
export function consoleFiles({ basePath }: { readonly basePath: string }): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const files = staticFolder(builtFolder("console"), HEADERS);
  // The page names its files relative to itself.
  router.get("/console", (_req, res) => res.redirect(303, `${basePath}/console/`));
  router.get(["/console/", "/console/*address"], (req, res, next) => {
    const { address = [] } = req.params as { readonly address?: readonly string[] };
    if (files.isEmpty && address.length === 0)
      throw new Problem("not-found", "The console is not built; run `npm run build`.");
    const handler = files.handlerOf(address.join("/"));
    return handler === undefined ? next() : handler(req, res, next);
  });
  return router;
}
