import { type Request, Router } from "express";
import type { AppRegistry } from "../../src/apps/registry.ts";
import type { AdminTokens } from "../../src/console/admin-tokens.ts";
import type { ConsoleSession } from "../../src/console/console-sessions.ts";
import { SCOPES } from "../../src/model/caller.ts";
import type { CountFailedAuth } from "../http/auth-rate-limit.ts";
import { credentialOf } from "../http/credentials.ts";
import { readJson } from "../http/json-body.ts";
import { PRIVATE_HEADERS } from "../http/private-answer.ts";
import { Problem } from "../http/problem.ts";
import { parametersOf, refuseUnknown } from "../http/query-parameters.ts";
import { parseAs } from "../http/validate-body.ts";
import { AppRequest, KeyRequest } from "./admin-schemas.ts";
import { asProblem } from "./app-routes.ts";
import { type AuditedDeps, allowChange } from "./audited.ts";

export interface AdminRoutesDeps extends AuditedDeps {
  readonly registry: AppRegistry;
  readonly tokens: Pick<AdminTokens, "find">;
  readonly countFailedAuth: CountFailedAuth;
}

/** Administration for programs: apps and their API keys, by admin token. Each change is in the audit log. */
export function adminRoutes(deps: AdminRoutesDeps): Router {
  const { registry } = deps;
  const router = Router({ caseSensitive: true });
  const allow = allowChange(deps);

  router.get("/admin/apps", async (req, res) => {
    await callerOf(deps, req);
    refuseUnknown(parametersOf(req.url), []);
    res.json({ apps: await registry.list() });
  });
  router.post("/admin/apps", async (req, res) => {
    allow(req, res, await callerOf(deps, req), { action: "create app", app: "" });
    const { name, scopes = SCOPES } = parseAs(AppRequest, (await readJson(req)).value);
    const issued = await asProblem(registry.createApp(name, scopes));
    res.status(201).set(PRIVATE_HEADERS).json(issued);
  });
  router.post("/admin/apps/:app/keys", async (req, res) => {
    const { app } = req.params;
    allow(req, res, await callerOf(deps, req), { action: "create key", app });
    await requireApp(registry, app);
    const { scopes } = parseAs(KeyRequest, (await readJson(req)).value);
    const issued = await asProblem(registry.rotate(app, scopes));
    res.status(201).set(PRIVATE_HEADERS).json(issued);
  });
  router.delete("/admin/apps/:app/keys/:key", async (req, res) => {
    const { app, key } = req.params;
    allow(req, res, await callerOf(deps, req), { action: `revoke key ${key}`, app });
    const record = await registry.find(key);
    if (record?.app !== app || record.revoked !== undefined) throw new Problem("not-found", "The app has no such key.");
    await registry.revoke(key);
    res.status(204).end();
  });
  return router;
}

/** Returns who administers. Throws `Problem` `unauthenticated`, or `rate-limited` after too many wrong tokens. */
async function callerOf({ tokens, countFailedAuth }: AdminRoutesDeps, req: Request): Promise<ConsoleSession> {
  const credential = credentialOf(req, false);
  if (credential?.kind !== "bearer")
    throw new Problem("unauthenticated", "Send an admin token; `dragoman admin-token create` prints one.");
  const session = await tokens.find(credential.text);
  if (session !== undefined) return session;
  await countFailedAuth(req);
  throw new Problem(
    "unauthenticated",
    "The admin token is not valid: unknown, revoked or expired. API keys do not fit.",
  );
}

async function requireApp(registry: Pick<AppRegistry, "list">, id: string): Promise<void> {
  const isKnown = (await registry.list()).some((app) => app.id === id);
  if (!isKnown) throw new Problem("not-found", "There is no app with this id.");
}
