import { inPath, operation, type Paths } from "../operation.ts";
import type { SchemaSerializer } from "../plain.ts";
import { headers, json } from "../responses.ts";

const unchanged = { description: "It is as you have it (`If-None-Match`).", headers: { ETag: headers.ETag } };

/** What can be done here: for programs that draw forms, and this document itself. */
export function platformPaths(serializer: SchemaSerializer): Paths {
  const etag = { ETag: headers.ETag };
  return {
    "/platforms": {
      get: operation(serializer, {
        id: "listPlatforms",
        tag: "Platforms",
        summary: "List platforms",
        description: "Verbs with their schemas and examples, from the tables that validate. Public and cacheable.",
        answers: {
          "200": json("The platforms that are switched on.", serializer.ref("PlatformList"), etag),
          "304": unchanged,
        },
      }),
    },
    "/platforms/{id}": {
      parameters: [inPath("id", "A platform's id or another name of it.", { type: "string", examples: ["email"] })],
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
        id: "getOpenapi",
        tag: "Platforms",
        summary: "Get the OpenAPI document",
        answers: { "200": json("OpenAPI 3.1.", { type: "object" }, etag), "304": unchanged },
      }),
    },
  };
}
