import type { RequestHandler, Router } from "express";
import { Problem } from "./problem.ts";

/** Part of a route in Express' router; its own types leave the methods out. */
interface Layer {
  readonly match: (path: string) => boolean;
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
}

/**
 * Answers 405 with `Allow` (RFC 9110 section 15.5.6) for other methods of a path.
 * Runs before any body parser, so that a client is not told to correct the body of an unsupported method.
 */
export function allowedMethods(routers: readonly Router[]): RequestHandler {
  const layers = routers.flatMap((router) => router.stack as unknown as readonly Layer[]);
  return (req, _res, next) => {
    const allowed = new Set(layers.flatMap((layer) => methodsAt(layer, req.path)));
    if (allowed.size === 0 || allowed.has("_ALL") || allowed.has(req.method) || req.method === "OPTIONS") {
      next();
      return;
    }
    const list = [...allowed].sort().join(", ");
    throw new Problem("method-not-allowed", `This path accepts ${list}.`, { headers: { Allow: `${list}, OPTIONS` } });
  };
}

function methodsAt(layer: Layer, path: string): readonly string[] {
  if (layer.route === undefined || !layer.match(path)) return [];
  const methods = Object.keys(layer.route.methods).map((method) => method.toUpperCase());
  return methods.includes("GET") ? [...methods, "HEAD"] : methods;
}
