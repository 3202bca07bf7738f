import type { OpenAPIV3_1 } from "openapi-types";
import { inPath, operation, type Paths, query } from "../operation.ts";
import type { SchemaSerializer } from "../plain.ts";
import { headers, json } from "../responses.ts";

const BEGIN = `Answers the address to which the user's browser is redirected. \`client\` cannot be read back, and its secret is encrypted
at once. The user has 15 minutes; each answer works once. Don't let your HTTP client follow the \`Location\`: it is for the user.`;
const END = `The network sends the user's browser here. A worker exchanges the code and stores the account as \`PUT /accounts\`
does; the browser is then redirected to \`returnTo\`, or shown the outcome. No key is needed: the single-use state identifies the app.`;
const OUTCOME = `The browser brings \`proof\` to \`returnTo\`, which identifies the consent of this visitor. Treat the account as theirs only
when \`consent\` equals the one that your session with this visitor started. Valid for ten minutes.`;

const text = { content: { "text/plain": { schema: { type: "string" as const } } } };

/** How users lend an app their accounts. */
export function consentPaths(serializer: SchemaSerializer): Paths {
  const platform = inPath("platform", "Id of a platform with `consent` in `GET /platforms`.", {
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
        summary: "Start a user's consent (OAuth 2)",
        description: BEGIN,
        ...whole,
        body: { schema: serializer.ref("ConsentRequest") as OpenAPIV3_1.SchemaObject },
        answers: {
          "303": json("Redirect the user to this address.", serializer.ref("ConsentAnswer"), {
            Location: { ...headers.Location, description: "The same as `url`." },
          }),
        },
        problems: ["not-found", "not-configured", "shutting-down"],
      }),
    },
    "/accounts/{platform}/connect/{proof}": {
      parameters: [platform, inPath("proof", "From the query of the redirect to `returnTo`.", { type: "string" })],
      get: operation(serializer, {
        id: "getConsent",
        summary: "Get a user's consent",
        description: OUTCOME,
        ...whole,
        answers: { "200": json("The outcome of the consent.", serializer.ref("ConsentOutcome")) },
        problems: ["bad-parameter", "not-found"],
      }),
    },
    "/accounts/{platform}/callback": {
      parameters: [platform],
      get: operation(serializer, {
        id: "finishConsent",
        summary: "Finish a user's consent",
        description: END,
        tag: "Accounts",
        parameters: [
          query("state", "State of the authorization request.", word("43 letters.")),
          query("code", "Authorization code of the network.", word("Opaque.")),
          query("error", "Error of the network.", word("See RFC 6749 section 4.1.2.1.")),
        ],
        answers: {
          "200": { description: "The account is connected.", ...text },
          "303": {
            description: "Redirect to the app's page, with `proof`, and `error` on failure.",
            headers: { Location: { ...headers.Location, description: "`returnTo` with added query parameters." } },
          },
          "422": { description: "The consent failed; the text has the reason.", ...text },
        },
        problems: ["bad-parameter", "not-found", "rate-limited", "overloaded"],
      }),
    },
  };
}
