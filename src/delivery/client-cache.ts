import { accountUnknown } from "../accounts/account-unknown.ts";
import type { Accounts } from "../accounts/accounts.ts";
import { refreshLockFor } from "../accounts/credential-renewal.ts";
import { egressFor } from "../egress/egress.ts";
import type { AccountEndpoints } from "../inbound/account-endpoint.ts";
import type { Log } from "../model/log.ts";
import type { AccountContext, Egress, Platform } from "../platform/platform.ts";

export interface ClientCacheDeps {
  readonly accounts: Pick<Accounts, "versionOf" | "credentialsOf" | "update"> &
    Partial<Pick<Accounts, "withRefreshLock">>;
  /** Absent where networks can't reach the gateway. */
  readonly accountEndpoints?: AccountEndpoints;
  readonly egress: Egress;
  readonly log: Log;
  /** Milliseconds without work after which a client is disposed of. */
  readonly idleMs?: number;
}

/** Account for which a client is needed, and the purpose. */
export interface ClientRequest {
  readonly app: string;
  readonly address: string;
  readonly verb: string;
  /** Aborts when the work is given up, also while waiting for a client. */
  readonly signal: AbortSignal;
}

interface CachedClient {
  /** Version of the credentials that the client works with. */
  version: string | undefined;
  readonly client: Promise<unknown>;
  readonly platform: Platform;
  users: number;
  usedAt: number;
  isStale: boolean;
}

/**
 * Cache of platform clients by account, disposed of when idle.
 * All work of an account shares the client. A changed account gets a new client; the old client is disposed of after
 * its last work. Opened credentials exist only in these clients.
 */
export class ClientCache {
  readonly #deps: ClientCacheDeps;
  readonly #clients = new Map<string, CachedClient>();
  readonly #timer: NodeJS.Timeout;

  constructor(deps: ClientCacheDeps) {
    const { idleMs = 60_000 } = deps;
    this.#deps = deps;
    this.#timer = setInterval(() => this.#sweep(Date.now() - idleMs), Math.max(1_000, idleMs / 4));
    this.#timer.unref();
  }

  /** Runs `work` with the account's client. Throws `account-unknown` where the platform needs a missing account. */
  async use<T>(platform: Platform, { app, address }: ClientRequest, work: (client: unknown) => Promise<T>): Promise<T> {
    if (!platform.createClient) return work(undefined);
    const entry = await this.#clientFor(platform, app, address);
    entry.users++;
    try {
      return await work(await entry.client);
    } finally {
      entry.users--;
      entry.usedAt = Date.now();
      if (entry.isStale && entry.users === 0) void this.#dispose(entry);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const entries = [...this.#clients.values()];
    this.#clients.clear();
    await Promise.all(entries.map((entry) => this.#dispose(entry)));
  }

  #sweep(usedBefore: number): void {
    for (const [key, entry] of this.#clients) {
      if (entry.users > 0 || entry.usedAt >= usedBefore) continue;
      this.#clients.delete(key);
      void this.#dispose(entry);
    }
  }

  #dispose(entry: CachedClient): Promise<void> {
    return entry.client
      .then((client) => entry.platform.dispose?.(client))
      .catch((err: unknown) => this.#deps.log.debug({ err }, "disposing of a client failed"));
  }

  /** Opens credentials only for a version without a client: that costs a millisecond of cryptography. */
  async #clientFor(platform: Platform, app: string, address: string): Promise<CachedClient> {
    const { accounts, accountEndpoints, log } = this.#deps;
    const egress = egressFor(this.#deps.egress, app);
    const version = platform.credentials ? await accounts.versionOf(app, platform.id, address) : undefined;
    if (version === undefined && platform.needsAccount) throw accountUnknown();
    const key = `${app}|${platform.id}|${version === undefined ? "" : address.toLowerCase()}`;
    const current = this.#current(key, version);
    if (current) return current;
    if (version === undefined)
      return this.#create(key, undefined, platform, { app, credentials: undefined, egress, log });
    const account = await accounts.credentialsOf(app, platform.id, address);
    if (!account) throw accountUnknown();
    // Other work may have created the client meanwhile.
    const created = this.#current(key, account.version);
    if (created) return created;
    const entry: CachedClient = this.#create(key, account.version, platform, {
      app,
      credentials: account.credentials,
      ...this.#storage(platform, app, address, () => entry),
      ...accountEndpoints?.(app, platform.id, address),
      egress,
      log,
    });
    return entry;
  }

  /** Returns how a client stores renewed credentials; the client goes on with their version. */
  #storage(
    platform: Platform,
    app: string,
    address: string,
    entryOf: () => CachedClient,
  ): Pick<AccountContext<unknown>, "saveCredentials" | "withRefreshLock"> {
    const { accounts } = this.#deps;
    const version = {
      get: () => entryOf().version ?? "",
      set: (next: string) => {
        entryOf().version = next;
      },
    };
    return {
      saveCredentials: async (credentials) => {
        const next = await accounts.update(app, platform.id, address, version.get(), credentials);
        if (next !== undefined) version.set(next);
      },
      ...refreshLockFor(accounts, { app, platform: platform.id, address }, version),
    };
  }

  /** Returns the cached client of that version; a client of another version becomes stale. */
  #current(key: string, version: string | undefined): CachedClient | undefined {
    const entry = this.#clients.get(key);
    if (!entry || entry.version === version) return entry;
    entry.isStale = true;
    this.#clients.delete(key);
    if (entry.users === 0) void this.#dispose(entry);
    return undefined;
  }

  #create(
    key: string,
    version: string | undefined,
    platform: Platform,
    context: AccountContext<unknown>,
  ): CachedClient {
    const client = platform.createClient?.(context) ?? Promise.resolve(undefined);
    const entry: CachedClient = { version, client, platform, users: 0, usedAt: Date.now(), isStale: false };
    this.#clients.set(key, entry);
    client.catch(() => this.#clients.get(key) === entry && this.#clients.delete(key));
    return entry;
  }
}
