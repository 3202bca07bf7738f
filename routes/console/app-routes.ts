import { Router } from "express";
import { type AppRegistry, RegistryError } from "../../src/apps/registry.ts";
import { SCOPES } from "../../src/model/caller.ts";
import type { DeletedApp } from "../../src/operations/delete-app.ts";
import { readJson } from "../http/json-body.ts";
import { Problem } from "../http/problem.ts";
import { parseAs } from "../http/validate-body.ts";
import { AppRequest, KeyRequest } from "./admin-schemas.ts";
import type { AllowChange } from "./audited.ts";
import type { SignIn } from "./console-sign-in.ts";

export interface AppRoutesDeps {
  readonly users: SignIn;
  readonly allow: AllowChange;
  readonly registry: AppRegistry;
  readonly deleteApp: (id: string) => Promise<DeletedApp>;
}

/** Apps and their API keys. A key is shown once, when it is made. */
export function appRoutes({ users, allow, registry, deleteApp }: AppRoutesDeps): Router {
  const router = Router({ caseSensitive: true });

  router.get("/apps", async (req, res) => {
    await users.require(req);
    res.json({ apps: await registry.list() });
  });
  router.post("/apps", async (req, res) => {
    const session = await users.require(req);
    allow(req, res, session, { action: "create app", app: "" });
    const { name, scopes = SCOPES } = parseAs(AppRequest, (await readJson(req)).value);
    res.status(201).json(await asProblem(registry.createApp(name, scopes)));
  });
  router.delete("/apps/:app", async (req, res) => {
    const session = await users.require(req);
    allow(req, res, session, { action: "delete app", app: req.params.app });
    res.json(await asProblem(deleteApp(req.params.app)));
  });
  router.post("/apps/:app/keys", async (req, res) => {
    const session = await users.require(req);
    allow(req, res, session, { action: "create key", app: req.params.app });
    const { scopes } = parseAs(KeyRequest, (await readJson(req)).value);
    res.status(201).json(await asProblem(registry.rotate(req.params.app, scopes)));
  });
  router.delete("/apps/:app/keys/:key", async (req, res) => {
    const session = await users.require(req);
    const { app, key } = req.params;
    allow(req, res, session, { action: `revoke key ${key}`, app });
    const record = await registry.find(key);
    if (record?.app !== app || record.revoked !== undefined) throw new Problem("not-found", "The app has no such key.");
    await registry.revoke(key);
    res.status(204).end();
  });
  return router;
}

/** Turns errors that the operator can correct into problems. */
export async function asProblem<Value>(change: Promise<Value>): Promise<Value> {
  try {
    return await change;
  } catch (error) {
    if (error instanceof RegistryError) throw new Problem("validation-failed", error.message);
    throw error;
  }
}
