import type { OpenAPIV3_1 } from "openapi-types";
import { inPath, operation, type Paths, query } from "../operation.ts";
import type { SchemaSerializer } from "../plain.ts";
import { json } from "../responses.ts";

const LIST = `Addresses to which nothing is sent for the app: those whose mail bounced because they do not exist, those whose owner
complained (RFC 5965), and those that the app added. A suppressed target of an activity ends \`failed\` with the code
\`suppressed\`; the other targets go on.`;
const ADD = `Adds an address, such as that of somebody who unsubscribed. An address that is listed already stays as it is. What
an app added is never displaced by bounces.`;

/** Paths of the suppression list. */
export function suppressionPaths(serializer: SchemaSerializer): Paths {
  const whole = { scope: "send", keyOnly: true, tag: "Suppressions" } as const;
  const suppression = serializer.ref("Suppression");
  return {
    "/suppressions": {
      get: operation(serializer, {
        id: "listSuppressions",
        summary: "List suppressed addresses",
        description: LIST,
        ...whole,
        parameters: [
          query("address", "Lists this address only.", { type: "string", maxLength: 512 }),
          query("after", "`next` of the previous page; empty for the first.", {
            type: "string",
            pattern: "^(?:[0-9]{13,15}\\.acc_[A-Za-z0-9_-]{22})?$",
          }),
          query("limit", "Maximum number; default 100.", { type: "integer", minimum: 1, maximum: 100 }),
        ],
        answers: { "200": json("A page of suppressions, newest first.", serializer.ref("SuppressionList")) },
        problems: ["bad-parameter"],
      }),
      post: operation(serializer, {
        id: "createSuppression",
        summary: "Suppress an address",
        description: ADD,
        ...whole,
        body: {
          schema: serializer.ref("SuppressionRequest") as OpenAPIV3_1.SchemaObject,
          examples: {
            unsubscribed: {
              summary: "Somebody unsubscribed",
              value: { platform: "email", address: "yan@example.org", detail: "unsubscribed" },
            },
          },
        },
        answers: {
          "200": json("The address was listed already.", suppression),
          "201": json("The address is listed now.", suppression),
        },
        problems: ["platform-unknown", "quota-exceeded"],
      }),
    },
    "/suppressions/{id}": {
      parameters: [inPath("id", "Id of a suppression.", { type: "string", examples: ["acc_Zm9vYmFyMTIzNDU2Nzg5MG"] })],
      delete: operation(serializer, {
        id: "deleteSuppression",
        summary: "Lift a suppression",
        ...whole,
        answers: { "204": { description: "Lifted: the address gets messages again." } },
        problems: ["bad-parameter", "not-found"],
      }),
    },
  };
}
