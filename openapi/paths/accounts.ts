import type { OpenAPIV3_1 } from "openapi-types";
import { inPath, operation, type Paths, query } from "../operation.ts";
import type { SchemaSerializer } from "../plain.ts";
import { json } from "../responses.ts";

const PUT = `Stores or replaces the login of one address at one platform. The credentials are checked against the
platform's schema (\`GET /platforms\`), sealed at once so that only a worker can open them, and never given back. The
address is in the body, since proxies mangle addresses in paths.`;

/** An app's logins at the networks. */
export function accountPaths(serializer: SchemaSerializer): Paths {
  const id = inPath("id", "As `PUT /accounts` answered it.", {
    type: "string",
    examples: ["acc_Zm9vYmFyMTIzNDU2Nzg5MG"],
  });
  const whole = { scope: "accounts", keyOnly: true, tag: "Accounts" } as const;
  const account = serializer.ref("Account");
  return {
    "/accounts": {
      put: operation(serializer, {
        id: "putAccount",
        summary: "Store an account",
        description: PUT,
        ...whole,
        body: { schema: serializer.ref("AccountRequest") as OpenAPIV3_1.SchemaObject },
        answers: { "200": json("It was replaced.", account), "201": json("It is stored.", account) },
        problems: ["platform-unknown", "quota-exceeded"],
      }),
      get: operation(serializer, {
        id: "listAccounts",
        summary: "List accounts",
        ...whole,
        parameters: [
          query("after", "`next` of the page before.", { type: "string" }),
          query("limit", "How many; 100 when nothing is said.", { type: "integer", minimum: 1, maximum: 1_000 }),
        ],
        answers: { "200": json("A page of them, in the order of their ids.", serializer.ref("AccountList")) },
        problems: ["bad-parameter"],
      }),
    },
    "/accounts/{id}": {
      parameters: [id],
      get: operation(serializer, {
        id: "getAccount",
        summary: "Get an account",
        ...whole,
        answers: { "200": json("Its state, without its credentials.", account) },
        problems: ["bad-parameter", "not-found"],
      }),
      delete: operation(serializer, {
        id: "deleteAccount",
        summary: "Delete an account",
        description: "Drops the credentials and ends the account's session.",
        ...whole,
        answers: { "204": { description: "It is gone." } },
        problems: ["bad-parameter", "not-found"],
      }),
    },
  };
}
