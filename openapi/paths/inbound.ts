import { inPath, operation, type Paths, query } from "../operation.ts";
import type { SchemaSerializer } from "../plain.ts";

const PUSH = `Accepts the network's signed notifications (Facebook: \`X-Hub-Signature-256\`), verified over the raw bytes. 200 is answered
once all events are stored; other answers make the network send them again, which doubles nothing. No key is needed.`;

const text = { content: { "text/plain": { schema: { type: "string" as const } } } };

/** Where the networks push to. */
export function inboundPaths(serializer: SchemaSerializer): Paths {
  const parameters = [
    inPath("platform", "The platform's id.", { type: "string", examples: ["facebook"] }),
    inPath("endpoint", "Last part of `inbound` in the answer of `PUT /accounts`.", {
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
        description: "The network verifies the address before it sends. A wrong token is answered 403.",
        tag: "Accounts",
        parameters: [query("hub.challenge", "Facebook and WebSub: returned in the answer.", { type: "string" })],
        answers: { "200": { description: "The answer to the challenge.", ...text } },
        problems: [...problems, "bad-parameter"],
      }),
      post: operation(serializer, {
        id: "receiveNotification",
        summary: "Receive a network's webhook",
        description: PUSH,
        tag: "Accounts",
        answers: { "200": { description: "All events are stored.", ...text } },
        problems: [...problems, "malformed-json", "payload-too-large"],
      }),
    },
  };
}
