import { Failure, type FailureKind } from "../../model/failure.ts";

const CODES = {
  permanent: "platform-rejected",
  retryable: "platform-unavailable",
  "rate-limited": "platform-rate-limited",
  auth: "credentials-invalid",
} as const satisfies Record<FailureKind, string>;

export interface WantedFailure {
  readonly kind: FailureKind;
  readonly code?: string;
  readonly retryAfterMs?: number;
  readonly mayHaveLanded?: boolean;
}

/** The failure that an activity asked for. */
export function failureOf({ kind, code = CODES[kind], retryAfterMs, mayHaveLanded = false }: WantedFailure): Failure {
  return new Failure({
    kind,
    code,
    detail: "The dummy platform failed because it was asked to.",
    mayHaveLanded,
    platformCode: "dummy",
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** The dummy throws nothing but failures, timers' aborts and what `commit` rejects with. */
export function explain(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const aborted = thrown instanceof Error && thrown.name === "AbortError";
  return new Failure({
    kind: "retryable",
    code: aborted ? "platform-timeout" : "internal-error",
    detail: aborted ? "The work was stopped before it was done." : "The dummy platform broke.",
    cause: thrown,
  });
}
