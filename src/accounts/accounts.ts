import type { SessionEvent } from "../model/event.ts";
import type { EventError } from "../model/failure.ts";

/** State of an account. `stored`: not used yet; the others as in `session` events. */
export type AccountState = "stored" | SessionEvent["state"];

/** An account as shown to the app: never a secret. */
export interface Account {
  /** `acc_…`, made of platform and address. */
  readonly id: string;
  readonly platform: string;
  readonly address: string;
  readonly state: AccountState;
  /** True: stay connected while idle. */
  readonly online: boolean;
  readonly error?: EventError;
  /** Time of the last change of the credentials, RFC 3339. */
  readonly updated: string;
}

interface NewAccount {
  readonly platform: string;
  readonly address: string;
  /** As the platform's schema says; sealed before leaving the process. */
  readonly credentials: unknown;
  /** Absent: unchanged; false for a new account. */
  readonly online?: boolean;
}

/** Credentials as a worker uses them; `version` changes with each write. */
interface OpenedCredentials {
  readonly id: string;
  readonly version: string;
  readonly credentials: unknown;
}

/** Accounts an app may store. */
export const MAX_ACCOUNTS_PER_APP = 100_000;

/** Error of an account beyond `MAX_ACCOUNTS_PER_APP` (`full`) or the app's share of the store (`no-room`). */
export class TooManyAccounts extends Error {
  constructor(reason: "full" | "no-room" = "full") {
    super(
      reason === "full" ? `An app may store ${MAX_ACCOUNTS_PER_APP} accounts` : "The app's share of the store is full",
    );
    this.name = "TooManyAccounts";
  }
}

/** The apps' accounts on the networks. Every call names the app; accounts of other apps are not found. */
export interface Accounts {
  /** Stores or replaces an account; `created` is false for a replacement. Throws `TooManyAccounts`. */
  readonly put: (app: string, account: NewAccount) => Promise<{ readonly created: boolean; readonly account: Account }>;
  readonly get: (app: string, id: string) => Promise<Account | undefined>;
  /** Returns up to `limit` accounts ordered by id, after the id `after`. */
  readonly list: (
    app: string,
    page: { readonly after?: string; readonly limit: number },
  ) => Promise<readonly Account[]>;
  /** Deletes an account; false for an unknown id. */
  readonly remove: (app: string, id: string) => Promise<boolean>;
  /**
   * Opens the credentials; for workers only.
   * Throws `KeyringError` where the private keys are missing or the record was tampered with.
   */
  readonly credentialsOf: (app: string, platform: string, address: string) => Promise<OpenedCredentials | undefined>;
  /** Returns the version of the credentials without opening them (opening takes some 1.5 ms). */
  readonly versionOf: (app: string, platform: string, address: string) => Promise<string | undefined>;
  /**
   * Replaces credentials that the network refreshed, if the stored ones still have that `version`.
   * Returns the new version, or undefined when another worker was faster.
   */
  readonly update: (
    app: string,
    platform: string,
    address: string,
    version: string,
    credentials: unknown,
  ) => Promise<string | undefined>;
  /**
   * Runs `renew` under a cluster-wide lock with the stored credentials, undefined for a deleted account.
   * A refresh token used twice may end the whole login (RFC 9700 section 4.14.2).
   */
  readonly withRefreshLock: <T>(
    app: string,
    platform: string,
    address: string,
    renew: (stored: OpenedCredentials | undefined) => Promise<T>,
  ) => Promise<T>;
  /** Stores whether the account should stay connected while idle; does nothing for a deleted account. */
  readonly setDesiredOnline: (app: string, platform: string, address: string, isDesired: boolean) => Promise<void>;
}
