import type { IncomingMessage } from "node:http";
import type { Caller, Scope } from "../../src/model/caller.ts";
import type { Authenticate } from "./authenticate.ts";
import { Problem } from "./problem.ts";

/** Makes the authentication of requests by API keys only. Tokens are refused with `forbidden`. */
export function keyCaller(authenticate: Authenticate, scope: Scope, subject: string) {
  return async (req: IncomingMessage): Promise<Caller> => {
    const caller = await authenticate(req, scope);
    if (caller.via !== "key") throw new Problem("forbidden", `${subject} need the app's API key.`);
    return caller;
  };
}
