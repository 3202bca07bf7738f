/** Class of an error, by which the core decides what to do next. */
export type FailureKind = "permanent" | "retryable" | "rate-limited" | "auth";

export interface FailureOptions {
  readonly kind: FailureKind;
  /** Stable, from the documented table (docs/errors.md). */
  readonly code: string;
  /** Sentence for the app's developer: what happened and what to do. Never a secret, never unchecked input. */
  readonly detail: string;
  /** Wait the network asked for; it replaces the computed backoff. */
  readonly retryAfterMs?: number;
  /** True when the effect may have happened without an answer. Never simply retried (promise "not doubled"). */
  readonly mayHaveLanded?: boolean;
  /** The network's own code and words, e.g. `550 5.1.1 User unknown`. */
  readonly platformCode?: string;
  readonly cause?: unknown;
}

/** Error that crosses from a platform into the core. `kind` survives JSON, so `switch` stays exhaustive. */
export class Failure extends Error {
  readonly kind: FailureKind;
  readonly code: string;
  readonly retryAfterMs: number | undefined;
  readonly mayHaveLanded: boolean;
  readonly platformCode: string | undefined;

  constructor(options: FailureOptions) {
    super(options.detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Failure";
    this.kind = options.kind;
    this.code = options.code;
    this.retryAfterMs = options.retryAfterMs;
    this.mayHaveLanded = options.mayHaveLanded ?? false;
    this.platformCode = options.platformCode;
  }
}

/** Row of a platform's error table: classification of a network's error. */
export type ErrorRow = readonly [kind: FailureKind, code: string, detail: string];

/** Failure in events and records, with the parts that a listener may know. */
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
