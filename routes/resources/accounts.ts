import { type Request, Router } from "express";
import Type, { type Static } from "typebox";
import { type Account, type Accounts, TooManyAccounts } from "../../src/accounts/accounts.ts";
import { ADDRESS_LENGTH } from "../../src/model/activity.ts";
import type { Caller } from "../../src/model/caller.ts";
import type { Log } from "../../src/model/log.ts";
import { validationErrors } from "../../src/model/validate.ts";
import type { LaneQueues } from "../../src/outbox/lane-queues.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { PlatformRegistry } from "../../src/platform/platform-registry.ts";
import type { Authenticate } from "../http/authenticate.ts";
import { Problem } from "../http/problem.ts";
import { checked, invalid, objectOf } from "../http/validate-body.ts";
import type { AccountDoors } from "./account-endpoints.ts";

/** Body of `PUT /accounts`; `credentials` is checked with the platform's own schema. */
export const AccountRequest = Type.Object(
  {
    platform: Type.String({ minLength: 1, maxLength: 32 }),
    address: Type.String({ minLength: 1, maxLength: ADDRESS_LENGTH, pattern: "^[^\\u0000-\\u001f\\u007f]+$" }),
    credentials: Type.Unknown({ description: "As the platform's schema says (`GET /platforms`); never given back." }),
    online: Type.Optional(Type.Boolean({ description: "Keep it connected also while there is nothing to send." })),
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
        description: "Where the network is to push to: give it this address. Whole when the operator set PUBLIC_URL.",
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

export interface AccountRoutesDeps {
  readonly who: Authenticate;
  readonly accounts: Pick<Accounts, "put" | "get" | "list" | "remove">;
  readonly platforms: PlatformRegistry;
  readonly doors: AccountDoors;
  /** Tells whoever holds an account's connection that it changed. */
  readonly nudge: LaneQueues["notifyAccountChanged"];
  readonly log: Log;
}

const ID = /^acc_[A-Za-z0-9_-]{22}$/;
const PAGE = 100;
const PAGE_MOST = 1_000;

/** PUT, GET and DELETE of an app's accounts. */
export function accountRoutes({ who, accounts, platforms, doors, nudge, log }: AccountRoutesDeps): Router {
  const router = Router({ caseSensitive: true });

  /** Whoever holds the account sees it at once; not awaited, since the holder also looks by itself. */
  function tell(platform: Platform, app: string, id: string): void {
    if (platform.connect === undefined) return;
    nudge(app, id).catch((error: unknown) => log.warn({ error: String(error) }, "a changed account is seen later"));
  }

  router.put("/accounts", async (req, res) => {
    const caller = await who(req, "accounts");
    const { platform, address, credentials, online } = accountIn(req.body, platforms);
    const wanted = online === undefined ? {} : { online };
    const stored = await accounts
      .put(caller.app, { platform: platform.id, address, credentials, ...wanted })
      .catch(tooMany);
    tell(platform, caller.app, stored.account.id);
    const shown = await doors.set(caller.app, stored.account, platform, credentials);
    res.status(stored.created ? 201 : 200).json(shown);
  });
  router.get("/accounts", async (req, res) => {
    const caller = await who(req, "accounts");
    const { after, limit } = pageOf(req);
    const found = await accounts.list(caller.app, { ...(after === undefined ? {} : { after }), limit: limit + 1 });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const shown = await Promise.all(page.map((account) => doors.shown(caller.app, account)));
    res.json({ accounts: shown, ...(found.length > limit && last ? { next: last.id } : {}) });
  });
  router.get("/accounts/:id", async (req, res) => {
    const caller = await who(req, "accounts");
    res.json(await doors.shown(caller.app, await found(accounts, caller, req.params.id)));
  });
  router.delete("/accounts/:id", async (req, res) => {
    const caller = await who(req, "accounts");
    const account = await found(accounts, caller, req.params.id);
    const { platform, id } = account;
    await doors.close(caller.app, account);
    if (!(await accounts.remove(caller.app, id))) throw notFound();
    const known = platforms.find(platform);
    if (known) tell(known, caller.app, id);
    res.status(204).end();
  });
  return router;
}

function accountIn(
  body: unknown,
  platforms: PlatformRegistry,
): Omit<AccountRequest, "platform"> & { readonly platform: Platform } {
  const request = checked(AccountRequest, body);
  const platform = platforms.require(request.platform, "/platform");
  if (platform.credentials === undefined) {
    throw invalid([{ pointer: "/platform", detail: "knows no logins: it works without an account" }]);
  }
  if (request.online === true && platform.connect === undefined) {
    throw invalid([{ pointer: "/online", detail: "is for platforms that hold a connection" }]);
  }
  if (!canAct(platform, request.address)) {
    throw invalid([{ pointer: "/address", detail: "is no address of this platform" }]);
  }
  const credentials = objectOf(request.credentials);
  const wrong = validationErrors(platform.credentials.schema, credentials);
  if (wrong.length > 0) throw invalid(wrong.map((fault) => ({ ...fault, pointer: `/credentials${fault.pointer}` })));
  return { ...request, platform, credentials };
}

/** Whether any verb would take this address as its actor's: a login stored under another could never be used. */
function canAct({ verbs, credentials }: Platform, address: string): boolean {
  if (credentials?.address) return validationErrors(credentials.address, address).length === 0;
  const actors = Object.values(verbs).map(({ schema }) => schema.properties.actor);
  return (
    actors.length === 0 ||
    actors.some((actor) => actor === undefined || validationErrors(actor, { address }).length === 0)
  );
}

async function found(accounts: Pick<Accounts, "get">, caller: Caller, id: string): Promise<Account> {
  const account = ID.test(id) ? await accounts.get(caller.app, id) : undefined;
  if (account === undefined) throw notFound();
  return account;
}

function pageOf({ query }: Request): { readonly after: string | undefined; readonly limit: number } {
  const { after, limit = String(PAGE) } = query;
  if (after !== undefined && (typeof after !== "string" || !ID.test(after))) {
    throw new Problem("bad-parameter", "`after` takes the `next` of the page before.");
  }
  const size = typeof limit === "string" && /^\d{1,4}$/.test(limit) ? Number(limit) : 0;
  if (size < 1 || size > PAGE_MOST) throw new Problem("bad-parameter", `\`limit\` takes 1 to ${PAGE_MOST}.`);
  return { after, limit: size };
}

function notFound(): Problem {
  return new Problem("not-found", "No account with this id.");
}

function tooMany(error: unknown): never {
  if (error instanceof TooManyAccounts) throw new Problem("quota-exceeded", `${error.message}; delete some first.`);
  throw error;
}
