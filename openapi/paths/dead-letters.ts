import { inPath, operation, type Paths, query } from "../operation.ts";
import type { SchemaSerializer } from "../plain.ts";
import { headers, json } from "../responses.ts";

const LIST = `Activities that ended \`failed\`, \`partial\` or \`expired\` after attempts, and that a later retry may deliver. Permanently
rejected activities and \`unknown\` outcomes are not listed. Kept for 7 days, the newest 1,000 of an app; attachments as
long as those of finished activities.`;
const REPLAY = `Posts the activity again, at once, to the undelivered targets, under the rid \`replay.<id>\`. Repeated
requests return the same answer and replay once.`;

/** Paths of dead letters. */
export function deadLetterPaths(serializer: SchemaSerializer): Paths {
  const whole = { scope: "send", keyOnly: true, tag: "Dead letters" } as const;
  const rid = inPath("rid", "The activity's rid.", { type: "string", examples: ["order-4711"] });
  return {
    "/dead-letters": {
      get: operation(serializer, {
        id: "listDeadLetters",
        summary: "List dead letters",
        description: LIST,
        ...whole,
        parameters: [
          query("after", "`next` of the previous page; empty for the first.", {
            type: "string",
            pattern: "^(?:[0-9]{1,15}\\.[A-Za-z0-9._:@~-]{1,128})?$",
          }),
          query("limit", "Maximum number; default 100.", { type: "integer", minimum: 1, maximum: 100 }),
        ],
        answers: { "200": json("A page of dead letters, newest first.", serializer.ref("DeadLetterList")) },
        problems: ["bad-parameter"],
      }),
    },
    "/dead-letters/{rid}": {
      parameters: [rid],
      get: operation(serializer, {
        id: "getDeadLetter",
        summary: "Get a dead letter",
        ...whole,
        answers: { "200": json("The activity, without secrets.", serializer.ref("DeadLetterWhole")) },
        problems: ["bad-parameter", "not-found"],
      }),
      delete: operation(serializer, {
        id: "deleteDeadLetter",
        summary: "Delete a dead letter",
        ...whole,
        answers: { "204": { description: "Deleted." } },
        problems: ["bad-parameter", "not-found"],
      }),
    },
    "/dead-letters/{rid}/replay": {
      parameters: [rid],
      post: operation(serializer, {
        id: "replayDeadLetter",
        summary: "Replay a dead letter",
        description: REPLAY,
        ...whole,
        answers: {
          "202": json("The activity is stored and will be delivered.", serializer.ref("Confirm"), {
            Location: headers.Location,
            "Idempotent-Replayed": headers["Idempotent-Replayed"],
          }),
        },
        problems: [
          "bad-parameter",
          "not-found",
          "content-gone",
          "account-unknown",
          "platform-unknown",
          "quota-exceeded",
          "shutting-down",
        ],
      }),
    },
  };
}
