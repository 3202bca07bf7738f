import type { Failure, FailureKind } from "../../model/failure.ts";
import { type ErrorEntry, errorTable } from "../../platform/kit/error-table.ts";
import type { StandardError } from "../../platform/kit/standard-errors.ts";

const PLATFORM_CODE = "dummy";
const requested = (error: StandardError): ErrorEntry => ({
  as: error,
  detail: "The dummy platform failed on request.",
});
const BY_KIND: Readonly<Record<FailureKind, ErrorEntry>> = {
  permanent: requested("rejected"),
  retryable: requested("unavailable"),
  "rate-limited": requested("rate-limited"),
  auth: requested("credentials-invalid"),
};
const errors = errorTable({ network: "The dummy platform", codes: BY_KIND });

/** Failure that an activity asks for. */
export interface FailureRequest {
  readonly kind: FailureKind;
  readonly retryAfterMs?: number;
}

/** Builds the failure that an activity asked for. */
export function requestedFailure({ kind, retryAfterMs }: FailureRequest): Failure {
  return errors.failure(BY_KIND[kind], { platformCode: PLATFORM_CODE, retryAfterMs });
}

/** Builds the failure of an activity whose effect may have happened. */
export function lostOutcome(): Failure {
  return errors.failure(requested("timeout"), { platformCode: PLATFORM_CODE, mayHaveLanded: true });
}

/** Classifies a thrown value. Expected are failures, timers' aborts and rejections of `commit`. */
export const classifyError = errors.classify;
