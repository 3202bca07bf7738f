import type { AccountContext } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import type { Watch } from "../inbound/watch.ts";
import { personOf } from "../schemas/address.ts";
import { type Api, openApi } from "./api.ts";
import { openApp, type XApp } from "./app.ts";
import { X_API } from "./http.ts";
import { type Tries, tries } from "./recent-requests.ts";
import { OneUser } from "./response-schemas.ts";
import { signing } from "./signing.ts";

export interface ClientSettings {
  /** Where X's API is; only the operator says so. Default: X's own. */
  readonly xApi?: string;
}

/** What the verbs work with: the API and who is who, asked once each. */
export interface Client extends Api {
  /** X's API as the app itself, where the credentials allow it. */
  readonly app?: XApp | undefined;
  /** The account's subscriptions, where this worker is the one that holds the account. */
  readonly watch?: Watch;
  /** The account's own id. */
  readonly me: (signal: AbortSignal) => Promise<string>;
  /** Asks X whether the login is good. */
  readonly verify: (signal: AbortSignal) => Promise<void>;
  readonly tries: Tries;
  /** How often an activity's outcome was looked for by this client, this time included. */
  readonly looks: (id: string) => number;
  /** The id of somebody given by id or name. */
  readonly idOf: (address: string, signal: AbortSignal) => Promise<string>;
}

/** Names may change hands: so long an answer about one counts. */
const KNOWN_MS = 3_600_000;
const KNOWN_MOST = 1_000;

/** A client for one account. Nothing is asked before it is needed. */
export function openClient(
  access: AccountContext<Credentials>,
  credentials: Credentials,
  settings: ClientSettings,
): Client {
  const base = (settings.xApi ?? X_API).replace(/\/+$/, "");
  const api = openApi(access.egress.fetch, signing(access, credentials, base), base);
  const known = new Map<string, { readonly id: string; readonly until: number }>();
  const looked = new Map<string, number>();
  // An OAuth 1.0a token begins with the id of whom it belongs to, which saves a paid request.
  let own =
    credentials.accessSecret === undefined ? undefined : /^([0-9]{1,19})-/.exec(credentials.accessToken ?? "")?.[1];

  async function lookUp(name: string, signal: AbortSignal): Promise<string> {
    const params = { username: name };
    const { data } = await api.ask({ method: "GET", path: "users/by/username/:username", params, signal }, OneUser);
    if (known.size >= KNOWN_MOST) known.clear();
    known.set(name.toLowerCase(), { id: data.id, until: Date.now() + KNOWN_MS });
    return data.id;
  }

  async function verify(signal: AbortSignal): Promise<void> {
    own = (await api.ask({ method: "GET", path: "users/me", signal }, OneUser)).data.id;
  }

  return {
    ...api,
    app: openApp(access.egress.fetch, credentials, base),
    verify,
    tries: tries(),
    async me(signal) {
      if (own === undefined) await verify(signal);
      return own ?? "";
    },
    looks(id) {
      if (looked.size >= KNOWN_MOST) looked.clear();
      const looks = (looked.get(id) ?? 0) + 1;
      looked.set(id, looks);
      return looks;
    },
    async idOf(address, signal) {
      const person = personOf(address);
      if ("id" in person) return person.id;
      const found = known.get(person.name.toLowerCase());
      return found && found.until > Date.now() ? found.id : lookUp(person.name, signal);
    },
  };
}
