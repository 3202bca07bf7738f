import type { IncomingMessage } from "node:http";
import type { Caller } from "../../src/model/caller.ts";
import type { Authenticate } from "../http/authenticate.ts";

/** Callers of requests that the console makes for an app. */
export interface ConsoleCallers {
  readonly set: (req: IncomingMessage, caller: Caller) => void;
  /** Returns the console's caller of a request; asks `otherwise` for all other requests. */
  readonly authenticate: (otherwise: Authenticate) => Authenticate;
}

/**
 * Keeps the callers beside their requests.
 * The console uses the app's own REST API, so that both have the same rules; only the sign-in differs.
 */
export function consoleCallers(): ConsoleCallers {
  const callers = new WeakMap<IncomingMessage, Caller>();
  return {
    set: (req, caller) => {
      callers.set(req, caller);
    },
    authenticate: (otherwise) => async (req, scope, asked) => callers.get(req) ?? otherwise(req, scope, asked),
  };
}
