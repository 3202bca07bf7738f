import { Failure } from "../../../model/failure.ts";
import type { AccountContext } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import { personOf } from "../schemas/address.ts";
import { type Api, openApi } from "./api.ts";
import { openApp, type XApp } from "./app.ts";
import { X_API } from "./http.ts";
import { type RecentRequests, recentRequests } from "./recent-requests.ts";
import { OneUser } from "./response-schemas.ts";
import { accountSigner } from "./signing.ts";

export interface ClientSettings {
  /** Address of X's API, set by the operator only. Default: X's own. */
  readonly xApi?: string;
}

/** The account's subscriptions, each with a separate poll loop. */
export interface Subscriptions {
  /** Checks that X lets the account read the source. */
  readonly check: (name: string, signal: AbortSignal) => Promise<void>;
  /** Begins to record new items from now on. */
  readonly add: (name: string) => Promise<void>;
  readonly remove: (name: string) => Promise<void>;
  readonly stop: () => void;
}

/** X as the verbs use it: the API and cached ids. */
export interface Client extends Api {
  /** X's API as the app itself, where the credentials allow it. */
  readonly app?: XApp | undefined;
  /** The account's subscriptions, on the worker that holds the account's connection. */
  readonly subscriptions?: Subscriptions;
  /** Returns the account's own id. */
  readonly ownId: (signal: AbortSignal) => Promise<string>;
  /** Asks X whether the login is valid. */
  readonly verify: (signal: AbortSignal) => Promise<void>;
  readonly recentRequests: RecentRequests;
  /** Counts how often this client looked for an activity's outcome, this time included. */
  readonly countRecovery: (id: string) => number;
  /** Returns the id of a person given by id or name. */
  readonly userIdOf: (address: string, signal: AbortSignal) => Promise<string>;
}

/** Lifetime of a cached id: names may change hands. */
const CACHE_MS = 3_600_000;
const MAX_CACHED = 1_000;

/** Opens a client for one account; sends nothing yet. Throws `account-unknown` where no login is stored. */
export function openClient(account: AccountContext<Credentials>, settings: ClientSettings): Client {
  const { credentials } = account;
  if (!credentials) {
    const detail = "X requires an account: store the credentials of this actor.";
    throw new Failure({ kind: "auth", code: "account-unknown", detail });
  }
  const base = (settings.xApi ?? X_API).replace(/(?<!\/)\/+$/, "");
  const api = openApi(account.egress.fetch, accountSigner(account, credentials, base), base);
  const cachedIds = new Map<string, { readonly id: string; readonly until: number }>();
  const recoveries = new Map<string, number>();
  // An OAuth 1.0a token begins with its owner's id, which saves a paid request.
  let ownId =
    credentials.accessSecret === undefined ? undefined : /^([0-9]{1,19})-/.exec(credentials.accessToken ?? "")?.[1];

  async function lookUp(name: string, signal: AbortSignal): Promise<string> {
    const params = { username: name };
    const { data } = await api.request({ method: "GET", path: "users/by/username/:username", params, signal }, OneUser);
    if (cachedIds.size >= MAX_CACHED) cachedIds.clear();
    cachedIds.set(name.toLowerCase(), { id: data.id, until: Date.now() + CACHE_MS });
    return data.id;
  }

  async function verify(signal: AbortSignal): Promise<void> {
    ownId = (await api.request({ method: "GET", path: "users/me", signal }, OneUser)).data.id;
  }

  return {
    ...api,
    app: openApp(account.egress.fetch, credentials, base),
    verify,
    recentRequests: recentRequests(),
    async ownId(signal) {
      if (ownId === undefined) await verify(signal);
      return ownId ?? "";
    },
    countRecovery(id) {
      if (recoveries.size >= MAX_CACHED) recoveries.clear();
      const count = (recoveries.get(id) ?? 0) + 1;
      recoveries.set(id, count);
      return count;
    },
    async userIdOf(address, signal) {
      const person = personOf(address);
      if ("id" in person) return person.id;
      const cached = cachedIds.get(person.name.toLowerCase());
      return cached && cached.until > Date.now() ? cached.id : lookUp(person.name, signal);
    },
  };
}
