import type { Activity } from "../../model/activity.ts";
import { type Failure, toEventError } from "../../model/failure.ts";
import { type Outcome, outcomeOf, type VerbContext } from "../platform.ts";

/** Result of `readEachTarget`. */
export interface ReadResult<Value> {
  /** Outcome per pending target, in their order. */
  readonly outcomes: readonly Outcome[];
  readonly values: readonly Value[];
}

interface Attempt<Value> {
  readonly address: string;
  readonly value?: Value;
  readonly failure?: Failure;
}

/**
 * Reads a value for each pending target, at most `maxParallel` at a time.
 * For verbs that change nothing: they need no commit and may be repeated. A retry keeps outcomes but not values, so nothing
 * is deferred once a value was read; such failures are marked `retryable`, and the app may post those targets again.
 * Rejects only when the signal aborts.
 */
export async function readEachTarget<Value>(
  { target }: Pick<Activity, "target">,
  { pending, signal }: Pick<VerbContext, "pending" | "signal">,
  maxParallel: number,
  read: (address: string) => Promise<Value>,
  classifyError: (thrown: unknown) => Failure,
): Promise<ReadResult<Value>> {
  const addresses = pending.map((index) => target[index]?.address ?? "");
  const attempts: Array<Attempt<Value>> = [];
  const queue = addresses.entries();
  async function next(): Promise<void> {
    for (const [index, address] of queue) {
      signal.throwIfAborted();
      attempts[index] = await read(address).then(
        (value) => ({ address, value }),
        (thrown: unknown) => ({ address, failure: classifyError(thrown) }),
      );
    }
  }
  await Promise.all(Array.from({ length: Math.min(maxParallel, addresses.length) }, next));
  signal.throwIfAborted();
  const values = attempts.flatMap(({ failure, value }) => (failure ? [] : [value as Value]));
  const outcomes = attempts.map(({ address, failure }): Outcome => {
    if (!failure) return { address, status: "sent" };
    return values.length > 0
      ? { address, status: "failed", error: toEventError(failure) }
      : outcomeOf(address, failure);
  });
  return { outcomes, values };
}
