import type { OpenAPIV3_1 } from "openapi-types";
import { operation, type Paths } from "../operation.ts";
import type { SchemaSerializer } from "../plain.ts";
import { json } from "../responses.ts";

const TOKENS = `A token for a browser, limited to actors, platforms and verbs, for at most 24 h (default 10 minutes). An absent
list means all, an empty list none. With \`ticket: true\` the answer is a one-time ticket for \`?ticket=\` of a stream or
socket, valid for 60 s. An app can also sign tokens, see docs/auth.md.`;
const REVOCATIONS = `Revokes a token by its \`jti\`, or all tokens of a subject issued before a time. New requests are
refused at once; open streams end within a second.`;

/** Listener tokens and their end. */
export function tokenPaths(serializer: SchemaSerializer): Paths {
  const whole = { scope: "tokens", keyOnly: true, tag: "Tokens" } as const;
  return {
    "/tokens": {
      post: operation(serializer, {
        id: "createToken",
        summary: "Create a listener token or ticket",
        description: TOKENS,
        ...whole,
        body: {
          schema: serializer.ref("TokenRequest") as OpenAPIV3_1.SchemaObject,
          examples: {
            listener: { summary: "For one user's page", value: { sub: "user-17", actors: ["bob@example.com"] } },
            ticket: { summary: "For a query string", value: { ticket: true } },
          },
        },
        answers: { "201": json("The token or the ticket.", serializer.ref("Token")) },
        problems: ["platform-unknown"],
      }),
    },
    "/revocations": {
      post: operation(serializer, {
        id: "revokeTokens",
        summary: "Revoke tokens",
        description: REVOCATIONS,
        ...whole,
        body: {
          schema: serializer.ref("RevocationRequest") as OpenAPIV3_1.SchemaObject,
          examples: {
            token: { summary: "One token", value: { jti: "3f6c1b1e-8a51-4a6e-9d51-6f1f3c1f9b11" } },
            subject: { summary: "All tokens of a user", value: { sub: "user-17" } },
          },
        },
        answers: { "204": { description: "Revoked." } },
      }),
    },
  };
}
