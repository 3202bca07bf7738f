import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import express, { type Router } from "express";
import { Problem } from "../http/problem.ts";

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
  "X-Content-Type-Options": "nosniff",
} as const;

/** Serves the console's page with its script and style, made by `ops/bundle-console.mjs`. */
export function consoleFiles({ basePath }: { readonly basePath: string }): Router {
  const router = express.Router({ caseSensitive: true });
  const folder = findFolder();
  router.get("/console", (req, res, next) => {
    // The page names its files relative to itself.
    if (!req.path.endsWith("/")) return res.redirect(303, `${basePath}/console/`);
    return next();
  });
  if (folder === undefined) {
    router.get("/console", () => {
      throw new Problem("not-found", "The console is not built; run `npm run build`.");
    });
    return router;
  }
  const setHeaders = (res: express.Response): void => {
    res.set(HEADERS);
  };
  router.use(
    "/console",
    express.static(folder, { setHeaders, cacheControl: false, redirect: false, index: "index.html" }),
  );
  return router;
}

/** Finds the built console: `dist/console`, seen from the sources and from `dist` itself. */
function findFolder(): string | undefined {
  return ["../../console/", "../../dist/console/"]
    .map((up) => fileURLToPath(new URL(up, import.meta.url)))
    .find((folder) => existsSync(`${folder}/index.html`));
}
