import { type Request, Router } from "express";
import { addressCheck, insideCheck } from "../../src/egress/address-rules.ts";
import type { EventLog } from "../../src/event-log/event-log.ts";
import { urlError } from "../../src/intake/attachment-hosts.ts";
import type { Caller } from "../../src/model/caller.ts";
import { newId } from "../../src/model/new-id.ts";
import { invalidInput } from "../../src/model/refusal.ts";
import type { PlatformRegistry } from "../../src/platform/platform-registry.ts";
import { isWebhookSecret, newWebhookSecret } from "../../src/webhooks/secret.ts";
import { startCursor } from "../../src/webhooks/start-cursor.ts";
import {
  MAX_DELIVERIES,
  TooManyWebhooks,
  WEBHOOK_NAME,
  type Webhook,
  type WebhookFilter,
  type Webhooks,
} from "../../src/webhooks/webhook.ts";
import type { Authenticate } from "../http/authenticate.ts";
import { readJson } from "../http/json-body.ts";
import { Problem } from "../http/problem.ts";
import { parametersOf, refuseUnknown } from "../http/query-parameters.ts";
import { parseAs } from "../http/validate-body.ts";
import { HookReplayRequest, HookRequest } from "./webhook-schemas.ts";

export interface HookRoutesDeps {
  readonly authenticate: Authenticate;
  readonly hooks: Webhooks;
  readonly eventLog: Pick<EventLog, "bounds">;
  readonly platforms: PlatformRegistry;
  /** Setting ALLOW_PRIVATE: where plain http is allowed. */
  readonly allowPrivate: readonly string[];
}

const NAME = new RegExp(WEBHOOK_NAME);

/** PUT, GET, DELETE, test and replay of an app's outgoing webhooks. Reads bodies itself, since a test has none. */
export function hookRoutes(deps: HookRoutesDeps): Router {
  const { hooks } = deps;
  const router = Router({ caseSensitive: true });
  /** Requires the scope `listen` as well, since a hook receives the app's whole log. */
  const caller = async (req: Request): Promise<Caller> => {
    const caller = await deps.authenticate(req, "accounts");
    if (!caller.scopes.has("listen")) throw new Problem("forbidden", "The key lacks the scope listen.");
    return caller;
  };
  const found = async (app: string, name: string): Promise<Webhook> => {
    const hook = NAME.test(name) ? await hooks.get(app, name) : undefined;
    if (hook === undefined) throw notFound();
    return hook;
  };

  router.put("/hooks/:name", async (req, res) => {
    const { app } = await caller(req);
    const { created, secret } = await put(deps, app, req.params.name, (await readJson(req)).value);
    const hook = await found(app, req.params.name);
    res.status(created ? 201 : 200).json(secret === undefined ? hook : { ...hook, secret });
  });
  router.get("/hooks", async (req, res) => {
    const { app } = await caller(req);
    res.json({ hooks: await hooks.list(app) });
  });
  router.get("/hooks/:name", async (req, res) => {
    const { app } = await caller(req);
    res.json(await found(app, req.params.name));
  });
  router.delete("/hooks/:name", async (req, res) => {
    const { app } = await caller(req);
    if (!NAME.test(req.params.name) || !(await hooks.remove(app, req.params.name))) throw notFound();
    res.status(204).end();
  });
  router.get("/hooks/:name/deliveries", async (req, res) => {
    const { app } = await caller(req);
    refuseUnknown(parametersOf(req.url), ["limit"]);
    const limit = limitOf(req);
    const { name } = await found(app, req.params.name);
    res.json({ deliveries: await hooks.deliveries(app, name, limit) });
  });
  router.post("/hooks/:name/test", async (req, res) => {
    const { app } = await caller(req);
    const { name } = await found(app, req.params.name);
    const id = `test_${newId()}`;
    const json = JSON.stringify({ type: "test", hook: name, published: new Date().toISOString() });
    if (!(await hooks.test(app, name, id, json))) {
      throw new Problem("hook-disabled", "PUT the hook to switch it on again, then test it.");
    }
    res.status(202).json({ id });
  });
  router.post("/hooks/:name/replay", async (req, res) => {
    const { app } = await caller(req);
    const { name } = await found(app, req.params.name);
    const { after } = parseAs(HookReplayRequest, (await readJson(req)).value);
    if (!(await hooks.replay(app, name, await placed(deps, app, after, "/after")))) throw notFound();
    res.status(202).json(await found(app, name));
  });
  return router;
}

async function put(deps: HookRoutesDeps, app: string, name: string, body: unknown) {
  if (!NAME.test(name)) {
    throw new Problem("bad-parameter", "A hook's name takes 1 to 64 letters, digits, `_` and `-`.");
  }
  const { url, format = "dragoman", types, actors, from = "latest", secret, ...posted } = parseAs(HookRequest, body);
  const { newSecret = false } = posted;
  const wrong = hookUrlFault(url, deps.allowPrivate);
  if (wrong !== undefined) throw invalidInput([{ pointer: "/url", detail: wrong }]);
  if (secret !== undefined && !isWebhookSecret(secret)) {
    throw invalidInput([{ pointer: "/secret", detail: "must be whsec_ and the base64 of 24 to 64 bytes" }]);
  }
  const platforms = posted.platforms?.map((name, i) => deps.platforms.require(name, `/platforms/${i}`).id);
  const filter: WebhookFilter = {
    ...(types ? { types } : {}),
    ...(platforms ? { platforms } : {}),
    ...(actors ? { actors } : {}),
  };
  const cursor = await placed(deps, app, from, "/from");
  const made = secret ?? newWebhookSecret();
  const replacesSecret = secret !== undefined || newSecret;
  const { created } = await deps.hooks
    .put(app, { name, url, format, filter, secret: made, replacesSecret, cursor })
    .catch((error: unknown) => {
      if (error instanceof TooManyWebhooks) throw new Problem("quota-exceeded", `${error.message}; delete some first.`);
      throw error;
    });
  // What the app chose itself is not said again.
  return { created, secret: secret === undefined && (created || newSecret) ? made : undefined };
}

/** Events leave by https; plain http only stays inside the networks that the operator named. */
function hookUrlFault(url: string, allowPrivate: readonly string[]): string | undefined {
  if (!/^http:/i.test(url)) return urlError(url, addressCheck(allowPrivate));
  if (allowPrivate.length === 0) return "must begin with https://";
  return (
    urlError(url, insideCheck(allowPrivate)) && "must begin with https:// unless it lies in a network of ALLOW_PRIVATE"
  );
}

async function placed({ eventLog }: HookRoutesDeps, app: string, from: string, pointer: string): Promise<string> {
  const cursor = startCursor(from, await eventLog.bounds(app));
  if (cursor !== undefined) return cursor;
  const detail = "must be latest, earliest, or a cursor of this app whose events are still kept";
  throw invalidInput([{ pointer, detail }]);
}

function limitOf({ query }: Request): number {
  const { limit = String(MAX_DELIVERIES) } = query;
  const size = typeof limit === "string" && /^\d{1,3}$/.test(limit) ? Number(limit) : 0;
  if (size < 1 || size > MAX_DELIVERIES) throw new Problem("bad-parameter", `\`limit\` takes 1 to ${MAX_DELIVERIES}.`);
  return size;
}

function notFound(): Problem {
  return new Problem("not-found", "No hook with this name.");
}
