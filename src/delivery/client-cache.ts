import { accountUnknown } from "../accounts/account-unknown.ts";
import type { Accounts } from "../accounts/accounts.ts";
import { refreshLockFor } from "../accounts/credential-renewal.ts";
import type { Log } from "../model/log.ts";
import type { AccountContext, Egress, Platform } from "../platform/platform.ts";

export interface ClientsDeps {
  readonly accounts: Pick<Accounts, "versionOf" | "credentialsOf" | "update"> &
    Partial<Pick<Accounts, "withRefreshLock">>;
  readonly egress: Egress;
  readonly log: Log;
  /** Milliseconds without work after which a client is closed. */
  readonly idleMs?: number;
}

/** Whose client, and what it is for. */
export interface Whose {
  readonly app: string;
  readonly address: string;
  readonly verb: string;
  /** Aborts when the work is to be given up, also while it waits for a client. */
  readonly signal: AbortSignal;
}

/** Platform clients by account, shared by the account's work and closed when idle: credentials live only here. */
export interface Clients {
  /** Runs `work` with the account's client. Throws a `Failure` `account-unknown` where one is needed and missing. */
  readonly use: <T>(platform: Platform, whose: Whose, work: (client: unknown) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

interface Kept {
  /** Of the credentials that the client works with. */
  version: string | undefined;
  readonly client: Promise<unknown>;
  readonly platform: Platform;
  users: number;
  usedAt: number;
  stale: boolean;
}

/** See `Clients`. A changed account gets a new client; the old one is closed when its work is done. */
export function clients({ accounts, egress, log, idleMs = 60_000 }: ClientsDeps): Clients {
  const kept = new Map<string, Kept>();
  const timer = setInterval(() => sweep(Date.now() - idleMs), Math.max(1_000, idleMs / 4));
  timer.unref();

  function sweep(before: number): void {
    for (const [key, entry] of kept) {
      if (entry.users === 0 && entry.usedAt < before) {
        kept.delete(key);
        drop(entry);
      }
    }
  }

  function drop(entry: Kept): Promise<void> {
    return entry.client
      .then((client) => entry.platform.dispose?.(client))
      .catch((error: unknown) => log.debug({ error: String(error) }, "closing a client failed"));
  }

  /** Opening credentials costs a millisecond of cryptography: only for a version that has no client yet. */
  async function clientFor(platform: Platform, app: string, address: string): Promise<Kept> {
    const version = platform.credentials ? await accounts.versionOf(app, platform.id, address) : undefined;
    const key = `${app}|${platform.id}|${version === undefined ? "" : address.toLowerCase()}`;
    if (version === undefined && platform.needsAccount) throw accountUnknown();
    const ready = fitting(key, version);
    if (ready || version === undefined)
      return ready ?? opened(key, undefined, platform, { app, credentials: undefined, egress, log });
    const account = await accounts.credentialsOf(app, platform.id, address);
    if (!account) throw accountUnknown();
    // Another piece of work may have opened it meanwhile.
    const other = fitting(key, account.version);
    if (other) return other;
    const saveCredentials = async (credentials: unknown): Promise<void> => {
      const version = await accounts.update(app, platform.id, address, entry.version ?? "", credentials);
      if (version !== undefined) entry.version = version;
    };
    const alone = refreshLockFor(
      accounts,
      { app, platform: platform.id, address },
      {
        get: () => entry.version ?? "",
        set: (version) => {
          entry.version = version;
        },
      },
    );
    const access = { app, credentials: account.credentials, saveCredentials, ...alone, egress, log };
    const entry: Kept = opened(key, account.version, platform, access);
    return entry;
  }

  /** The kept client of that version; one of another version is let go. */
  function fitting(key: string, version: string | undefined): Kept | undefined {
    const entry = kept.get(key);
    if (!entry || entry.version === version) return entry;
    entry.stale = true;
    kept.delete(key);
    if (entry.users === 0) void drop(entry);
    return undefined;
  }

  function opened(key: string, version: string | undefined, platform: Platform, access: AccountContext<unknown>): Kept {
    const client = platform.createClient?.(access) ?? Promise.resolve(undefined);
    const entry: Kept = { version, client, platform, users: 0, usedAt: Date.now(), stale: false };
    kept.set(key, entry);
    client.catch(() => kept.get(key) === entry && kept.delete(key));
    return entry;
  }

  return {
    async use(platform, { app, address }, work) {
      if (!platform.createClient) return work(undefined);
      const entry = await clientFor(platform, app, address);
      entry.users++;
      try {
        return await work(await entry.client);
      } finally {
        entry.users--;
        entry.usedAt = Date.now();
        if (entry.stale && entry.users === 0) void drop(entry);
      }
    },
    async close() {
      clearInterval(timer);
      const all = [...kept.values()];
      kept.clear();
      await Promise.all(all.map(drop));
    },
  };
}
