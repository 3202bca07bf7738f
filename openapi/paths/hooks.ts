import type { OpenAPIV3_1 } from "openapi-types";
import { inPath, operation, type Paths, query } from "../operation.ts";
import type { SchemaSerializer } from "../plain.ts";
import { json } from "../responses.ts";

const PUT = `The app's events are POSTed to \`url\`, one JSON object with its \`cursor\` each, signed by the Standard Webhooks
rules (\`webhook-id\`, \`webhook-timestamp\`, \`webhook-signature\`). Delivered at least once, in order within a conversation; the
\`webhook-id\` of an event is constant. Answer 2xx; other answers are retried over a day, 410 switches the hook off.
\`PUT\` changes a hook, keeps its position and secret, and switches it on again.`;

const whole = { scope: ["accounts", "listen"], keyOnly: true, tag: "Hooks" } as const;

/** Outgoing webhooks. */
export function hookPaths(serializer: SchemaSerializer): Paths {
  const name = inPath("name", "Chosen by the app.", { type: "string", examples: ["orders"] });
  const hook = serializer.ref("Hook");
  const put = serializer.ref("HookPut");
  return {
    "/hooks": {
      get: operation(serializer, {
        id: "listHooks",
        summary: "List webhooks",
        ...whole,
        answers: { "200": json("All webhooks, by name.", serializer.ref("HookList")) },
      }),
    },
    "/hooks/{name}": {
      parameters: [name],
      put: operation(serializer, {
        id: "putHook",
        summary: "Store a webhook",
        description: PUT,
        ...whole,
        body: { schema: serializer.ref("HookRequest") as OpenAPIV3_1.SchemaObject },
        answers: { "200": json("The webhook was changed.", put), "201": json("The webhook was created.", put) },
        problems: ["bad-parameter", "platform-unknown", "quota-exceeded"],
      }),
      get: operation(serializer, {
        id: "getHook",
        summary: "Get a webhook",
        ...whole,
        answers: { "200": json("The webhook's state, without its secret.", hook) },
        problems: ["bad-parameter", "not-found"],
      }),
      delete: operation(serializer, {
        id: "deleteHook",
        summary: "Delete a webhook",
        ...whole,
        answers: { "204": { description: "Deleted; a running delivery may still arrive." } },
        problems: ["bad-parameter", "not-found"],
      }),
    },
    ...deliveryPaths(serializer, name),
  };
}

/** Deliveries, test and replay of a webhook. */
function deliveryPaths(serializer: SchemaSerializer, name: ReturnType<typeof inPath>): Paths {
  return {
    "/hooks/{name}/deliveries": {
      parameters: [name],
      get: operation(serializer, {
        id: "listDeliveries",
        summary: "List a webhook's deliveries",
        ...whole,
        parameters: [query("limit", "Maximum number; default 100.", { type: "integer", minimum: 1, maximum: 100 })],
        answers: { "200": json("Deliveries, newest first.", serializer.ref("DeliveryList")) },
        problems: ["bad-parameter", "not-found"],
      }),
    },
    "/hooks/{name}/test": {
      parameters: [name],
      post: operation(serializer, {
        id: "testHook",
        summary: "Send a test event",
        description: 'POSTs `{"type":"test",…}` once; its result is listed among the deliveries within seconds.',
        ...whole,
        answers: { "202": json("A worker posts the test.", serializer.ref("HookTest")) },
        problems: ["bad-parameter", "not-found", "hook-disabled"],
      }),
    },
    "/hooks/{name}/replay": {
      parameters: [name],
      post: operation(serializer, {
        id: "replayHook",
        summary: "Replay events to a webhook",
        description: "Moves the webhook to a cursor. Pending events are dropped, since they come again from the log.",
        ...whole,
        body: { schema: serializer.ref("HookReplayRequest") as OpenAPIV3_1.SchemaObject },
        answers: { "202": json("Delivery continues from there.", serializer.ref("Hook")) },
        problems: ["bad-parameter", "not-found"],
      }),
    },
  };
}
