import type { RequestHandler, Response } from "express";
import type { AppRegistry } from "../../src/apps/registry.ts";
import type { ConsoleSessions } from "../../src/console/console-sessions.ts";
import { SCOPES } from "../../src/model/caller.ts";
import { Problem } from "../http/problem.ts";
import type { AllowChange } from "./audited.ts";
import type { ConsoleCallers } from "./console-callers.ts";
import type { SignIn } from "./console-sign-in.ts";

export interface AppRequestsDeps {
  readonly users: SignIn;
  readonly sessions: Pick<ConsoleSessions, "find">;
  readonly registry: Pick<AppRegistry, "list">;
  readonly callers: ConsoleCallers;
  readonly allow: AllowChange;
  /** Interval of checks whether an open stream's user is still signed in; default 10 s. */
  readonly checkMs?: number;
}

/** Paths of the REST API that the console uses for an app. */
const FORM =
  /^\/console\/api\/apps\/([0-9A-Za-z]{1,64})(\/(?:accounts|activities|dead-letters|events|hooks|revocations|suppressions|tokens)(?:[/?].*)?)$/;
const CHECK_MS = 10_000;

/**
 * Turns `/console/api/apps/{app}/…` into a request of that app to the REST API.
 * The caller has the app's own rights; the role decides whether it may change anything.
 */
export function appRequests(deps: AppRequestsDeps): RequestHandler {
  const { users, registry, callers, allow } = deps;
  return async (req, res, next) => {
    const match = FORM.exec(req.url);
    if (match === null) return next();
    const [, id = "", path = ""] = match;
    const session = await users.require(req);
    const app = (await registry.list()).find((candidate) => candidate.id === id);
    if (app === undefined) throw new Problem("not-found", "There is no such app.");
    allow(req, res, session, { action: `${req.method} ${path.split("?", 1)[0]}`, app: id });
    const keyId = app.keys.at(-1)?.id ?? "";
    callers.set(req, {
      app: id,
      via: "key",
      keyId,
      scopes: new Set(SCOPES),
      limits: {},
      cookie: false,
      expiresAt: session.expires,
    });
    if (path.startsWith("/events")) endWithSession(deps, users.secretOf(req) ?? "", res);
    req.url = path;
    return next();
  };
}

/** Ends a stream soon after its user signed out, whichever process the user asked. */
function endWithSession({ sessions, checkMs = CHECK_MS }: AppRequestsDeps, secret: string, res: Response): void {
  const timer = setInterval(async () => {
    // While Redis is away nobody signs out.
    const session = await sessions.find(secret).catch(() => "unknown" as const);
    if (session === undefined) res.destroy();
  }, checkMs);
  timer.unref();
  res.once("close", () => clearInterval(timer));
}
