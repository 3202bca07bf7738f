import { inPath, operation, type Paths } from "../operation.ts";
import type { SchemaSerializer } from "../plain.ts";
import { headers, json } from "../responses.ts";

const unchanged = { description: "Unchanged (`If-None-Match`).", headers: { ETag: headers.ETag } };

/** What can be done here: for programs that draw forms, and this document itself. */
export function platformPaths(serializer: SchemaSerializer): Paths {
  const etag = { ETag: headers.ETag };
  return {
    "/platforms": {
      get: operation(serializer, {
        id: "listPlatforms",
        tag: "Platforms",
        summary: "List platforms",
        description: "Verbs with the schemas that validate them, and examples. Public and cacheable.",
        answers: {
          "200": json("The enabled platforms.", serializer.ref("PlatformList"), etag),
          "304": unchanged,
        },
      }),
    },
    "/platforms/{id}": {
      parameters: [inPath("id", "Id or alias of a platform.", { type: "string", examples: ["email"] })],
      get: operation(serializer, {
        id: "getPlatform",
        tag: "Platforms",
        summary: "Get a platform",
        answers: { "200": json("The platform.", serializer.ref("Platform"), etag), "304": unchanged },
        problems: ["bad-parameter", "not-found"],
      }),
    },
    "/openapi.json": {
      get: operation(serializer, {
        id: "getOpenapiDocument",
        tag: "Platforms",
        summary: "Get the OpenAPI document",
        answers: { "200": json("OpenAPI 3.1.", { type: "object" }, etag), "304": unchanged },
      }),
    },
  };
}
