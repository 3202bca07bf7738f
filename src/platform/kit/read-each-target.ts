import type { Activity } from "../../model/activity.ts";
import { type Failure, toEventError } from "../../model/failure.ts";
import { type Outcome, outcomeOf, type VerbContext } from "../platform.ts";

export interface ReadResult<Value> {
  /** One for each pending target, in their order. */
  readonly outcomes: readonly Outcome[];
  readonly values: readonly Value[];
}

interface Tried<Value> {
  readonly address: string;
  readonly value?: Value;
  readonly failure?: Failure;
}

/**
 * Reads something for each pending target, `most` at a time: for verbs that change nothing, which need no `commit` and may
 * be repeated. A retry keeps outcomes but not what was read, so nothing is deferred once something was read; the failures
 * then say `retryable`, and posting those targets again is up to the app. Rejects only when the work is stopped.
 */
export async function readEachTarget<Value>(
  { target }: Pick<Activity, "target">,
  { pending, signal }: Pick<VerbContext, "pending" | "signal">,
  most: number,
  read: (address: string) => Promise<Value>,
  explain: (thrown: unknown) => Failure,
): Promise<ReadResult<Value>> {
  const addresses = pending.map((index) => target[index]?.address ?? "");
  const tried: Array<Tried<Value>> = [];
  const queue = addresses.entries();
  async function next(): Promise<void> {
    for (const [at, address] of queue) {
      signal.throwIfAborted();
      tried[at] = await read(address).then(
        (value) => ({ address, value }),
        (thrown: unknown) => ({ address, failure: explain(thrown) }),
      );
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, addresses.length) }, next));
  signal.throwIfAborted();
  const values = tried.flatMap(({ failure, value }) => (failure ? [] : [value as Value]));
  const outcomes = tried.map(({ address, failure }): Outcome => {
    if (!failure) return { address, status: "sent" };
    return values.length > 0
      ? { address, status: "failed", error: toEventError(failure) }
      : outcomeOf(address, failure);
  });
  return { outcomes, values };
}
