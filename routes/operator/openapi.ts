import { Router } from "express";
import type { OpenAPIV3_1 } from "openapi-types";
import { staticJson } from "../http/static-json.ts";

export interface OpenapiRoutesDeps {
  /** The contract of this gateway, see `openapiDocument`. */
  readonly document: () => OpenAPIV3_1.Document;
}

/** `GET /openapi.json`: the contract, public and cacheable. */
export function openapiRoutes({ document }: OpenapiRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  router.get("/openapi.json", staticJson(document));
  return router;
}
