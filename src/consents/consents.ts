import type { EventError } from "../model/failure.ts";

/** A consent that an app began, until the network's callback. */
export interface BegunConsent {
  readonly app: string;
  readonly platform: string;
  readonly redirectUri: string;
  /** Page of the app to which the user returns. */
  readonly returnTo?: string;
  readonly online?: boolean;
}

/** Secrets of a consent, opened only by workers. */
export interface ConsentSecrets {
  readonly client: unknown;
  readonly verifier: string;
  readonly state: string;
}

/** A begun consent claimed by its callback, once. */
export interface ClaimedConsent extends BegunConsent {
  readonly id: string;
  readonly sealed: string;
}

/** Outcome of a consent. */
export type ConsentOutcome =
  | { readonly accounts: ReadonlyArray<{ readonly id: string; readonly address: string }> }
  | { readonly error: EventError };

/**
 * Consents in progress. The `state` in the browser names a consent, once; Redis and jobs know only its hash.
 * The client's secret, the verifier and the callback's code are sealed to the workers' key before leaving the API
 * (promise "secret").
 */
export interface Consents {
  /**
   * Begins a consent; `url` makes the authorization URL. Throws `Refusal` `quota-exceeded` when begun consents use up the
   * app's bytes. Returns that URL, and the consent's id for the app.
   */
  readonly begin: (
    begun: BegunConsent,
    client: unknown,
    url: (secrets: { readonly state: string; readonly verifier: string }) => string,
  ) => Promise<{ readonly id: string; readonly url: string }>;
  /** Claims a consent begun at that platform, once. Undefined for an unknown, used or expired state. */
  readonly claim: (platform: string, state: string) => Promise<ClaimedConsent | undefined>;
  /** Stores the callback's code for the workers. */
  readonly submitCode: (claimed: ClaimedConsent, code: string) => Promise<void>;
  /** Opens a consent with its code, once; for workers. */
  readonly openForExchange: (
    id: string,
  ) => Promise<(BegunConsent & ConsentSecrets & { readonly code: string }) | undefined>;
  /** Stores the outcome; the first outcome stays. */
  readonly saveOutcome: (id: string, outcome: ConsentOutcome) => Promise<void>;
  readonly outcome: (id: string) => Promise<ConsentOutcome | undefined>;
  /** Issues a proof for the callback's browser only. With the proof the app learns its visitor's consent. */
  readonly issueProof: (claimed: Pick<ClaimedConsent, "id" | "app" | "platform">) => Promise<string>;
  /** Returns the consent's id for a proof; undefined for another app's or platform's proof. */
  readonly verifyProof: (app: string, platform: string, proof: string) => Promise<string | undefined>;
}
