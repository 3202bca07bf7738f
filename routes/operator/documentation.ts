import { Router } from "express";
import { Problem } from "../http/problem.ts";
import { builtFolder, staticFolder } from "../http/static-folder.ts";

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

/** Serves the documentation at `GET /docs/`, public. `folder` is what the build wrote, see site/site.ts. */
export function documentationRoutes(folder: string | undefined = builtFolder("docs")): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const pages = staticFolder(folder, HEADERS);
  // Relative, so that it holds under any base path.
  router.get("/docs", (_req, res) => res.redirect(303, "docs/"));
  router.get(["/docs/", "/docs/*address"], (req, res, next) => {
    const { address = [] } = req.params as { readonly address?: readonly string[] };
    const handler = pages.handlerOf(address.join("/"));
    if (handler === undefined) throw notFound(pages.isEmpty);
    return handler(req, res, next);
  });
  return router;
}

function notFound(isEmpty: boolean): Problem {
  return new Problem(
    "not-found",
    isEmpty
      ? "This installation comes without its documentation; `npm run build` makes it."
      : "The documentation has no such page; /docs/ under the base path lists all.",
  );
}
