import type { OpenAPIV3_1 } from "openapi-types";
import { inPath, operation, type Paths, query } from "../operation.ts";
import type { SchemaSerializer } from "../plain.ts";
import { json } from "../responses.ts";

const PUT = `Stores or replaces the login of one address at one platform. The credentials are checked against the
platform's schema (\`GET /platforms\`) and encrypted at once, so that only workers can read them; the API cannot read them
back. The address is in the body, since proxies alter addresses in paths.`;

/** An app's logins at the networks. */
export function accountPaths(serializer: SchemaSerializer): Paths {
  const id = inPath("id", "Id from the answer of `PUT /accounts`.", {
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
        answers: {
          "200": json("The account was replaced.", account),
          "201": json("The account was created.", account),
        },
        problems: ["platform-unknown", "quota-exceeded"],
      }),
      get: operation(serializer, {
        id: "listAccounts",
        summary: "List accounts",
        ...whole,
        parameters: [
          query("after", "`next` of the previous page; empty for the first.", {
            type: "string",
            pattern: "^(?:acc_[A-Za-z0-9_-]{22})?$",
          }),
          query("limit", "Maximum number; default 100.", { type: "integer", minimum: 1, maximum: 1_000 }),
        ],
        answers: { "200": json("A page of accounts, in the order of their ids.", serializer.ref("AccountList")) },
        problems: ["bad-parameter"],
      }),
    },
    "/accounts/{id}": {
      parameters: [id],
      get: operation(serializer, {
        id: "getAccount",
        summary: "Get an account",
        ...whole,
        answers: { "200": json("The account's state, without its credentials.", account) },
        problems: ["bad-parameter", "not-found"],
      }),
      delete: operation(serializer, {
        id: "deleteAccount",
        summary: "Delete an account",
        description: "Deletes the credentials and disconnects the account.",
        ...whole,
        answers: { "204": { description: "Deleted." } },
        problems: ["bad-parameter", "not-found"],
      }),
    },
  };
}
