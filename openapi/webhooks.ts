import type { OpenAPIV3_1 } from "openapi-types";
import Type from "typebox";
import { header, type Paths } from "./operation.ts";
import type { SchemaSerializer } from "./plain.ts";

const DELIVERY = `What the gateway POSTs to the \`url\` of a webhook (\`PUT /hooks/{name}\`), signed by the Standard Webhooks rules.
Delivered at least once: the \`webhook-id\` of an event never changes, so drop what you have already. Store it, answer 2xx,
then process it.`;

/** Event of `POST /hooks/{name}/test`. */
export const HookTestEventSchema = Type.Object(
  { type: Type.Literal("test"), hook: Type.String(), published: Type.String({ format: "date-time" }) },
  { additionalProperties: false, description: "Sent by `POST /hooks/{name}/test` only." },
);

const text = { type: "string" } as const;
const signature = [
  header("webhook-id", "Id of this event; the same on each attempt.", text),
  header("webhook-timestamp", "Unix seconds; refuse what is older than 5 minutes.", { ...text, pattern: "^[0-9]+$" }),
  header("webhook-signature", "`v1,` and the base64 of HMAC-SHA256; several are separated by spaces.", text),
].map((parameter) => ({ ...parameter, required: true }));

/** Requests that apps receive: deliveries of webhooks. */
export function webhooks(serializer: SchemaSerializer): Paths {
  const body = [
    ["application/json", { anyOf: [serializer.ref("Event"), serializer.ref("HookTestEvent")] }],
    ["application/cloudevents+json", serializer.ref("CloudEvent")],
    ["application/activity+json", { type: "object", description: "Activity Streams 2.0; docs/vocabulary.md." }],
  ] as const;
  const content = Object.fromEntries(body.map(([type, schema]) => [type, { schema }]));
  const answers = {
    "2XX": { description: "Stored. The next event of the conversation follows." },
    "410": { description: "The webhook is switched off." },
    "4XX": { description: "Tried again, for a day; 429 with `Retry-After` is respected." },
    "5XX": { description: "Tried again, for a day; 503 with `Retry-After` is respected." },
  };
  return {
    event: {
      post: {
        operationId: "deliverEvent",
        tags: ["Hooks"],
        summary: "Receive an event",
        description: DELIVERY,
        security: [{}],
        parameters: signature,
        requestBody: { required: true, content: content as OpenAPIV3_1.RequestBodyObject["content"] },
        responses: answers,
      },
    },
  };
}
