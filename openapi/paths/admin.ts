import type { OpenAPIV3_1 } from "openapi-types";
import { inPath, operation, type Paths } from "../operation.ts";
import type { SchemaSerializer } from "../plain.ts";
import { json } from "../responses.ts";

const KEYS = `Gives an app a second key; the first stays valid until it is revoked. An app has at most two live keys: switch the app to
the new one, then revoke the old one.`;

/** Apps and their API keys, for operators' programs. */
export function adminPaths(serializer: SchemaSerializer): Paths {
  const whole = { admin: true, tag: "Administration" } as const;
  const app = inPath("app", "Id of an app.", { type: "string", examples: ["V1StGXR8Z5jd"] });
  const key = inPath("key", "Id of a key.", { type: "string", examples: ["4f90d13a42Zb"] });
  const issued = json("The key, shown once.", serializer.ref("IssuedKey"));
  return {
    "/admin/apps": {
      get: operation(serializer, {
        id: "listApps",
        summary: "List apps and their keys",
        description: "The keys themselves are not stored and cannot be read.",
        ...whole,
        answers: { "200": json("All apps, the oldest first.", serializer.ref("AppList")) },
        problems: ["bad-parameter"],
      }),
      post: operation(serializer, {
        id: "createApp",
        summary: "Create an app with a key",
        ...whole,
        body: {
          schema: serializer.ref("AppRequest") as OpenAPIV3_1.SchemaObject,
          examples: { shop: { summary: "May send and listen", value: { name: "shop", scopes: ["send", "listen"] } } },
        },
        answers: { "201": issued },
        problems: ["forbidden"],
      }),
    },
    "/admin/apps/{app}/keys": {
      parameters: [app],
      post: operation(serializer, {
        id: "createKey",
        summary: "Create a key",
        description: KEYS,
        ...whole,
        body: { schema: serializer.ref("KeyRequest") as OpenAPIV3_1.SchemaObject },
        answers: { "201": issued },
        problems: ["bad-parameter", "forbidden", "not-found"],
      }),
    },
    "/admin/apps/{app}/keys/{key}": {
      parameters: [app, key],
      delete: operation(serializer, {
        id: "revokeKey",
        summary: "Revoke a key",
        description: "Its tokens and open streams end too, everywhere within 5 s.",
        ...whole,
        answers: { "204": { description: "Revoked." } },
        problems: ["bad-parameter", "forbidden", "not-found"],
      }),
    },
  };
}
