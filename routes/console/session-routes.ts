import { Router } from "express";
import Type from "typebox";
import type { AuditLog } from "../../src/console/audit-log.ts";
import type { ConsoleSession, ConsoleSessions } from "../../src/console/console-sessions.ts";
import type { CountFailedAuth } from "../http/auth-rate-limit.ts";
import { readJson } from "../http/json-body.ts";
import { Problem } from "../http/problem.ts";
import { parseAs } from "../http/validate-body.ts";
import type { SignIn } from "./console-sign-in.ts";

const SignInRequest = Type.Object({ link: Type.String({ maxLength: 128 }) }, { additionalProperties: false });

export interface SessionRoutesDeps {
  readonly sessions: ConsoleSessions;
  readonly users: SignIn;
  readonly audit: AuditLog;
  readonly countFailedAuth: CountFailedAuth;
  /** Facts of the installation that each page shows. */
  readonly about: { readonly version: string };
}

/** `POST`, `GET` and `DELETE` of the console's session. */
export function sessionRoutes({ sessions, users, audit, countFailedAuth, about }: SessionRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  const record = ({ name, role, id }: ConsoleSession, action: string, status: number) =>
    audit.append({ name, role, session: id, action, app: "", status });

  router.post("/session", async (req, res) => {
    users.requireOwnPage(req);
    const { link } = parseAs(SignInRequest, (await readJson(req)).value);
    const redeemed = await sessions.redeem(link);
    if (redeemed === undefined) {
      await countFailedAuth(req);
      const detail = "The link was used already or is too old: run `dragoman console` again.";
      throw new Problem("unauthenticated", detail);
    }
    const { session, secret } = redeemed;
    users.setCookie(req, res, secret, session.expires - Math.floor(Date.now() / 1_000));
    await record(session, "signed in", 201);
    res.status(201).json({ ...session, ...about });
  });
  router.get("/session", async (req, res) => {
    res.json({ ...(await users.require(req)), ...about });
  });
  router.delete("/session", async (req, res) => {
    const session = await users.require(req);
    await sessions.end(users.secretOf(req) ?? "");
    users.setCookie(req, res, "", 0);
    await record(session, "signed out", 204);
    res.status(204).end();
  });
  return router;
}
