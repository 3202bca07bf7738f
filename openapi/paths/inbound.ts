import { inPath, operation, type Paths, query } from "../operation.ts";
import type { SchemaSerializer } from "../plain.ts";

const PUSH = `Takes what the network signed (Facebook: \`X-Hub-Signature-256\`), checked over the raw bytes. 200 comes once everything
is stored, or is there already; any other answer makes the network push it again, which doubles nothing. No key is asked for.`;

const text = { content: { "text/plain": { schema: { type: "string" as const } } } };

/** Where the networks push to. */
export function inboundPaths(serializer: SchemaSerializer): Paths {
  const parameters = [
    inPath("platform", "The platform's id.", { type: "string", examples: ["facebook"] }),
    inPath("endpoint", "The end of `inbound`, as `PUT /accounts` answered it.", {
      type: "string",
      examples: ["Zm9vYmFyMTIzNDU2Nzg5MGFi"],
    }),
  ];
  const problems = ["forbidden", "not-found", "rate-limited", "overloaded", "shutting-down"] as const;
  return {
    "/inbound/{platform}/{endpoint}": {
      parameters,
      get: operation(serializer, {
        id: "answerChallenge",
        summary: "Answer a network's challenge",
        description: "What the network asks before it pushes. A wrong token is answered 403.",
        tag: "Accounts",
        parameters: [query("hub.challenge", "Of Facebook and WebSub: given back.", { type: "string" })],
        answers: { "200": { description: "The challenge is met.", ...text } },
        problems: [...problems, "bad-parameter"],
      }),
      post: operation(serializer, {
        id: "takePush",
        summary: "Receive a network's webhook",
        description: PUSH,
        tag: "Accounts",
        answers: { "200": { description: "Everything is stored.", ...text } },
        problems: [...problems, "malformed-json", "payload-too-large"],
      }),
    },
  };
}
