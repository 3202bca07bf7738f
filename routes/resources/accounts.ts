import { type Request, Router } from "express";
import Type, { type Static } from "typebox";
import type { Accounts } from "../../src/accounts/accounts.ts";
import type { WebhookEndpoints } from "../../src/inbound/webhook-endpoints.ts";
import { ADDRESS_LENGTH } from "../../src/model/activity.ts";
import { findAccount, type RemoveAccountDeps, removeAccount } from "../../src/operations/remove-account.ts";
import { checkLogin, type StoreAccountDeps, storeAccount } from "../../src/operations/store-account.ts";
import type { PlatformRegistry } from "../../src/platform/platform-registry.ts";
import type { Authenticate } from "../http/authenticate.ts";
import { readJson } from "../http/json-body.ts";
import { Problem } from "../http/problem.ts";
import { parametersOf, refuseUnknown } from "../http/query-parameters.ts";
import { objectOf, parseAs } from "../http/validate-body.ts";
import type { AccountViews } from "./account-endpoints.ts";

/** Body of `PUT /accounts`; `credentials` is checked with the platform's own schema. */
export const AccountRequest = Type.Object(
  {
    platform: Type.String({ minLength: 1, maxLength: 32 }),
    address: Type.String({ minLength: 1, maxLength: ADDRESS_LENGTH, pattern: "^[^\\u0000-\\u001f\\u007f]+$" }),
    credentials: Type.Unknown({ description: "By the platform's schema (`GET /platforms`); cannot be read back." }),
    online: Type.Optional(Type.Boolean({ description: "Stay connected without anything to send." })),
  },
  { additionalProperties: false },
);
export type AccountRequest = Static<typeof AccountRequest>;

const states = ["stored", "connecting", "online", "offline", "needs-login", "restricted"] as const;
/** An account as answers show it: never a secret. */
export const AccountAnswer = Type.Object(
  {
    id: Type.String({ pattern: "^acc_[A-Za-z0-9_-]{22}$" }),
    platform: Type.String(),
    address: Type.String(),
    state: Type.Union(states.map((state) => Type.Literal(state))),
    online: Type.Boolean(),
    updated: Type.String({ format: "date-time" }),
    inbound: Type.Optional(
      Type.String({
        description: "Webhook address to register at the network. Absolute when the operator set PUBLIC_URL.",
      }),
    ),
    error: Type.Optional(
      Type.Object({
        code: Type.String(),
        detail: Type.String(),
        retryable: Type.Boolean(),
        platformCode: Type.Optional(Type.String()),
      }),
    ),
  },
  { additionalProperties: false },
);
/** Answer of `GET /accounts`; `next` is there when more follow: ask again with `?after=` that. */
export const AccountListAnswer = Type.Object(
  { accounts: Type.Array(AccountAnswer), next: Type.Optional(Type.String()) },
  { additionalProperties: false },
);

export interface AccountRoutesDeps extends StoreAccountDeps, RemoveAccountDeps {
  readonly authenticate: Authenticate;
  readonly accounts: Pick<Accounts, "put" | "get" | "list" | "remove">;
  readonly endpoints: Pick<WebhookEndpoints, "open" | "close">;
  readonly platforms: PlatformRegistry;
  readonly views: AccountViews;
}

const ID = /^acc_[A-Za-z0-9_-]{22}$/;
const PAGE = 100;
const MAX_PAGE = 1_000;

/** Makes the routes PUT, GET and DELETE of an app's accounts. */
export function accountRoutes(deps: AccountRoutesDeps): Router {
  const { authenticate, accounts, platforms, views } = deps;
  const router = Router({ caseSensitive: true });

  router.put("/accounts", async (req, res) => {
    const { app } = await authenticate(req, "accounts");
    const { platform: name, address, credentials, online } = parseAs(AccountRequest, (await readJson(req)).value);
    const platform = platforms.require(name, "/platform");
    const login = { address, credentials: objectOf(credentials), online };
    checkLogin(platform, login);
    const { account, created, endpoint } = await storeAccount(deps, app, platform, login);
    res.status(created ? 201 : 200).json(views.viewWith(account, endpoint));
  });
  router.get("/accounts", async (req, res) => {
    const { app } = await authenticate(req, "accounts");
    refuseUnknown(parametersOf(req.url), ["after", "limit"]);
    const { after, limit } = pageOf(req);
    const found = await accounts.list(app, { ...(after === undefined ? {} : { after }), limit: limit + 1 });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const shown = await Promise.all(page.map((account) => views.view(app, account)));
    res.json({ accounts: shown, ...(found.length > limit && last ? { next: last.id } : {}) });
  });
  router.get("/accounts/:id", async (req, res) => {
    const { app } = await authenticate(req, "accounts");
    res.json(await views.view(app, await findAccount(accounts, app, req.params.id)));
  });
  router.delete("/accounts/:id", async (req, res) => {
    const { app } = await authenticate(req, "accounts");
    await removeAccount(deps, app, req.params.id);
    res.status(204).end();
  });
  return router;
}

function pageOf({ query }: Request): { readonly after: string | undefined; readonly limit: number } {
  const { limit = String(PAGE) } = query;
  const after = query.after === "" ? undefined : query.after;
  if (after !== undefined && (typeof after !== "string" || !ID.test(after))) {
    throw new Problem("bad-parameter", "`after` takes the `next` of the page before.");
  }
  const size = typeof limit === "string" && /^\d{1,4}$/.test(limit) ? Number(limit) : 0;
  if (size < 1 || size > MAX_PAGE) throw new Problem("bad-parameter", `\`limit\` takes 1 to ${MAX_PAGE}.`);
  return { after, limit: size };
}
