/** Reasons of suppressions: a mail bounced for good, a recipient complained, the app asked. */
export const SUPPRESSION_REASONS = ["bounced", "complained", "added"] as const;
export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number];

/** Address to which nothing is sent for an app. */
export interface NewSuppression {
  /** Of the address, see `accountId`: the same address gives the same id. */
  readonly id: string;
  readonly platform: string;
  readonly address: string;
  readonly reason: SuppressionReason;
  /** The network's words, or the app's note. */
  readonly detail?: string;
  /** Rid of the activity that bounced or was complained about. */
  readonly rid?: string | number;
}

/** An entry of the list. */
export interface Suppression extends NewSuppression {
  /** Unix ms by Redis' clock. */
  readonly since: number;
}

/** `added`, `known` where the address is listed already, or `full`. */
export type AddedSuppression =
  | { readonly outcome: "added" | "known"; readonly suppression: Suppression }
  | { readonly outcome: "full" };

/** Suppression lists of apps: addresses to which an app's activities are not sent. */
export interface Suppressions {
  /** Adds an address. What bounced or complained displaces the oldest such entry of a full list, never an app's own. */
  readonly add: (app: string, suppression: NewSuppression) => Promise<AddedSuppression>;
  readonly find: (app: string, id: string) => Promise<Suppression | undefined>;
  /** Looks up several ids at once; undefined where an id is not listed. */
  readonly findAll: (app: string, ids: readonly string[]) => Promise<ReadonlyArray<Suppression | undefined>>;
  /** Lists up to `limit`, the newest first, after the cursor `after`. */
  readonly list: (
    app: string,
    page: { readonly limit: number; readonly after?: string },
  ) => Promise<{ readonly suppressions: readonly Suppression[]; readonly next?: string }>;
  /** Returns false where the id is not listed. */
  readonly remove: (app: string, id: string) => Promise<boolean>;
}

/** Maximum number of an app's suppressed addresses. */
export const MAX_SUPPRESSIONS = 10_000;
