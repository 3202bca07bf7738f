/** What the core does next, which is all it needs to know of an error. */
export type FailureKind = "permanent" | "retryable" | "rate-limited" | "auth";

export interface FailureOptions {
  readonly kind: FailureKind;
  /** Stable, from the documented table (docs/errors.md). */
  readonly code: string;
  /** One sentence for the app's developer: what happened and what to do. Never a secret, never unchecked input. */
  readonly detail: string;
  /** Wait the network asked for; it replaces the computed backoff. */
  readonly retryAfterMs?: number;
  /** True when the effect may have happened although no answer came: never just retried (promise G4). */
  readonly mayHaveLanded?: boolean;
  /** The network's own code and words, e.g. `550 5.1.1 User unknown`. */
  readonly platformCode?: string;
  readonly cause?: unknown;
}

/** The one error that crosses from a platform into the core; `kind` survives JSON, so `switch` stays exhaustive. */
export class Failure extends Error {
  readonly kind: FailureKind;
  readonly code: string;
  readonly retryAfterMs: number | undefined;
  readonly mayHaveLanded: boolean;
  readonly platformCode: string | undefined;

  constructor(words: FailureOptions) {
    super(words.detail, words.cause === undefined ? undefined : { cause: words.cause });
    this.name = "Failure";
    this.kind = words.kind;
    this.code = words.code;
    this.retryAfterMs = words.retryAfterMs;
    this.mayHaveLanded = words.mayHaveLanded ?? false;
    this.platformCode = words.platformCode;
  }
}

/** What an error of a network means: a row of the tables in which platforms say it. */
export type ErrorRow = readonly [kind: FailureKind, code: string, detail: string];

/** A failure as it stands in events and records: what a listener may know of it. */
export interface EventError {
  readonly code: string;
  readonly detail: string;
  readonly retryable: boolean;
  readonly platformCode?: string;
}

/** Turns a failure into the form that events and records carry. */
export function toEventError(failure: Failure): EventError {
  return {
    code: failure.code,
    detail: failure.message,
    retryable: failure.kind === "retryable" || failure.kind === "rate-limited",
    ...(failure.platformCode === undefined ? {} : { platformCode: failure.platformCode }),
  };
}
