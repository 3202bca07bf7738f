import type { ResultEvent } from "../model/event.ts";
import type { Subscription, Tail } from "./subscriber.ts";

export interface AwaitedResult {
  /** Resolves when no result can be missed any more: accept the activity after it. Rejects with `LogAway`. */
  readonly ready: Promise<void>;
  /** The result event with its `cursor`. Never rejects; stays pending after `stop`. */
  readonly result: Promise<ResultEvent & { readonly cursor: string }>;
  readonly stop: () => void;
}

/** Waits for the result of a rid, for requests with (`Prefer: wait`, RFC 7240). */
export function awaitResult(tail: Tail, app: string, rid: string): AwaitedResult {
  let subscription: Subscription | undefined;
  let stopped = false;
  let resolve: (event: ResultEvent & { readonly cursor: string }) => void;
  const result = new Promise<ResultEvent & { readonly cursor: string }>((done) => {
    resolve = done;
  });
  const stop = () => {
    stopped = true;
    subscription?.stop();
  };
  const ready = tail
    .subscribe(
      { app, filter: { rids: [rid], types: ["result"] }, skipBounds: true },
      {
        onEvents: ({ events: [event] }) => {
          if (event) resolve({ ...(JSON.parse(event.json) as ResultEvent), cursor: event.cursor });
          stop();
        },
      },
    )
    .then((joined) => {
      subscription = joined;
      if (stopped) joined.stop();
    });
  return { ready, result, stop };
}
