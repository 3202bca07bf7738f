import type { SessionEvent } from "../model/event.ts";
import type { EventError } from "../model/failure.ts";

/** `stored`: kept, not used yet; the others as in `session` events. */
export type AccountState = "stored" | SessionEvent["state"];

/** An account as its app may see it: never a secret. */
export interface Account {
  /** `acc_…`, from platform and address. */
  readonly id: string;
  readonly platform: string;
  readonly address: string;
  readonly state: AccountState;
  /** True: keep it connected also while there is nothing to send. */
  readonly online: boolean;
  readonly error?: EventError;
  /** RFC 3339, of the credentials. */
  readonly updated: string;
}

interface NewAccount {
  readonly platform: string;
  readonly address: string;
  /** As the platform's schema says; sealed before it leaves the process. */
  readonly credentials: unknown;
  /** Absent: as it was; false for a new one. */
  readonly online?: boolean;
}

/** Credentials as a worker uses them; `version` changes with each writing. */
interface OpenedCredentials {
  readonly id: string;
  readonly version: string;
  readonly credentials: unknown;
}

/** How many accounts an app may store. */
export const ACCOUNTS_PER_APP = 100_000;

/** Storing this account would exceed `ACCOUNTS_PER_APP`. */
export class TooManyAccounts extends Error {
  constructor() {
    super(`An app may store ${ACCOUNTS_PER_APP} accounts`);
    this.name = "TooManyAccounts";
  }
}

/** The apps' logins at the networks. Every call names the app; what belongs to another app is not found. */
export interface Accounts {
  /** Stores or replaces; `created` is false when it replaced. Throws `TooManyAccounts`. */
  readonly put: (app: string, account: NewAccount) => Promise<{ readonly created: boolean; readonly account: Account }>;
  readonly get: (app: string, id: string) => Promise<Account | undefined>;
  /** Up to `limit` accounts in the order of their ids, after the id `after`. */
  readonly list: (
    app: string,
    page: { readonly after?: string; readonly limit: number },
  ) => Promise<readonly Account[]>;
  /** False when there was none. */
  readonly remove: (app: string, id: string) => Promise<boolean>;
  /** For workers; throws `KeyringError` where the private keys are missing or the record was tampered with. */
  readonly credentialsOf: (app: string, platform: string, address: string) => Promise<OpenedCredentials | undefined>;
  /** The version that `credentialsOf` would answer, without the cost of opening (some 1.5 ms). */
  readonly versionOf: (app: string, platform: string, address: string) => Promise<string | undefined>;
  /**
   * Replaces credentials that a network renewed, if they are still those of `version`; answers the new version, or
   * undefined when somebody else was faster.
   */
  readonly update: (
    app: string,
    platform: string,
    address: string,
    version: string,
    credentials: unknown,
  ) => Promise<string | undefined>;
  /**
   * Runs the renewal of a login alone among all workers, with what is stored by then (undefined when there is none any
   * more): refresh tokens that are used twice may end the whole login (RFC 9700 section 4.14.2).
   */
  readonly alone: <T>(
    app: string,
    platform: string,
    address: string,
    renew: (stored: OpenedCredentials | undefined) => Promise<T>,
  ) => Promise<T>;
  /** Says whether it is to stay connected when nothing is to be done; without effect on an account that is gone. */
  readonly keepOnline: (app: string, platform: string, address: string, wanted: boolean) => Promise<void>;
}
