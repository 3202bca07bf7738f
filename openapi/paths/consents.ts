import type { OpenAPIV3_1 } from "openapi-types";
import { inPath, operation, type Paths, query } from "../operation.ts";
import type { SchemaSerializer } from "../plain.ts";
import { headers, json } from "../responses.ts";

const BEGIN = `Answers where to send the user's browser. Nothing of \`client\` is given back, and its secret is sealed at once. The
user has 15 minutes; each answer serves one user once. Don't let your HTTP client follow the \`Location\`: it is the user's.`;
const END = `The network sends the user's browser here. A worker exchanges the code and stores the account as \`PUT /accounts\`
does; the browser then goes to \`returnTo\`, or is told what became of it. No key is asked for: the state, good once, says whose it is.`;
const OUTCOME = `What the browser brought to \`returnTo\` as \`proof\` says which consent this visitor gave. Take the account for theirs only
when \`consent\` is the one that your session with this visitor began. Good for ten minutes.`;

const text = { content: { "text/plain": { schema: { type: "string" as const } } } };

/** How users lend an app their accounts. */
export function consentPaths(serializer: SchemaSerializer): Paths {
  const platform = inPath("platform", "The platform's id; one with a `consent` in `GET /platforms`.", {
    type: "string",
    examples: ["twitter"],
  });
  const whole = { scope: "accounts", keyOnly: true, tag: "Accounts" } as const;
  const word = (description: string) => ({ type: "string" as const, description });
  return {
    "/accounts/{platform}/connect": {
      parameters: [platform],
      post: operation(serializer, {
        id: "beginConsent",
        summary: "Begin a user's consent (OAuth 2)",
        description: BEGIN,
        ...whole,
        body: { schema: serializer.ref("ConsentRequest") as OpenAPIV3_1.SchemaObject },
        answers: {
          "303": json("Send the user there.", serializer.ref("ConsentAnswer"), {
            Location: { ...headers.Location, description: "The same as `url`." },
          }),
        },
        problems: ["not-found", "not-configured", "shutting-down"],
      }),
    },
    "/accounts/{platform}/connect/{proof}": {
      parameters: [platform, inPath("proof", "Of the query with which the user came back.", { type: "string" })],
      get: operation(serializer, {
        id: "getConsent",
        summary: "Get a user's consent",
        description: OUTCOME,
        ...whole,
        answers: { "200": json("How it ended.", serializer.ref("ConsentOutcome")) },
        problems: ["bad-parameter", "not-found"],
      }),
    },
    "/accounts/{platform}/callback": {
      parameters: [platform],
      get: operation(serializer, {
        id: "endConsent",
        summary: "Finish a user's consent",
        description: END,
        tag: "Accounts",
        parameters: [
          query("state", "As the address that the user was sent to said it.", word("43 letters.")),
          query("code", "What the network gives for the consent.", word("Opaque.")),
          query("error", "Why it gives none.", word("As RFC 6749 section 4.1.2.1 says.")),
        ],
        answers: {
          "200": { description: "The account is connected.", ...text },
          "303": {
            description: "To the app's page, with `proof`, and `error` where it failed.",
            headers: { Location: { ...headers.Location, description: "`returnTo` with more in its query." } },
          },
          "422": { description: "It failed; the text says why.", ...text },
        },
        problems: ["bad-parameter", "not-found", "rate-limited", "overloaded"],
      }),
    },
  };
}
