import { inPath, operation, type Paths, query } from "../operation.ts";
import type { SchemaSerializer } from "../plain.ts";
import { headers, json } from "../responses.ts";

const LIST = `Activities that were tried and ended \`failed\`, \`partial\` or \`expired\` although trying again later may help.
Kept for 7 days, the newest 1,000 of an app; attachments as long as any finished rid's.`;
const REPLAY = `Posts it again, at once, to the targets that are worth it, under the rid \`replay.<id>\`. Done once however
often it is asked: the confirm is the same.`;

/** What ended undelivered. */
export function deadLetterPaths(serializer: SchemaSerializer): Paths {
  const whole = { scope: "send", keyOnly: true, tag: "Dead letters" } as const;
  const rid = inPath("rid", "Of the activity.", { type: "string", examples: ["order-4711"] });
  return {
    "/dead-letters": {
      get: operation(serializer, {
        id: "listDeadLetters",
        summary: "List dead letters",
        description: LIST,
        ...whole,
        parameters: [
          query("after", "`next` of the page before.", { type: "string" }),
          query("limit", "How many; 100 when nothing is said.", { type: "integer", minimum: 1, maximum: 100 }),
        ],
        answers: { "200": json("A page, the newest first.", serializer.ref("DeadLetterList")) },
        problems: ["bad-parameter"],
      }),
    },
    "/dead-letters/{rid}": {
      parameters: [rid],
      get: operation(serializer, {
        id: "getDeadLetter",
        summary: "Get a dead letter",
        ...whole,
        answers: { "200": json("Without secrets.", serializer.ref("DeadLetterWhole")) },
        problems: ["bad-parameter", "not-found"],
      }),
      delete: operation(serializer, {
        id: "deleteDeadLetter",
        summary: "Delete a dead letter",
        ...whole,
        answers: { "204": { description: "It is no dead letter any more." } },
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
          "202": json("It is stored and will be carried out.", serializer.ref("Confirm"), {
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
