import type { ResultEvent } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { Outbox } from "./outbox.ts";

/** Results that an operator may be asked about. A cancelled activity ended as its app wished. */
const LOGGED: ReadonlySet<ResultEvent["status"]> = new Set(["failed", "partial", "expired", "unknown"]);

/** Wraps an outbox so that each result without success is logged. A line has rid and code, never content. */
export function logResults(outbox: Outbox, log: Log): Outbox {
  function tell(app: string, { rid, platform, verb, status, attempts, error, target }: ResultEvent): void {
    if (!LOGGED.has(status)) return;
    const reason = error ?? target.find((outcome) => outcome.error !== undefined)?.error;
    log.info({ app, rid, platform, verb, status, attempts, code: reason?.code }, "activity ended without success");
  }

  return {
    ...outbox,
    async complete(item, event) {
      const state = await outbox.complete(item, event);
      if (state.kind !== "lost") tell(item.app, event);
      return state;
    },
    async finalize(app, rid, lane, event, options) {
      const ended = await outbox.finalize(app, rid, lane, event, options);
      if (ended.outcome === "ended") tell(app, event);
      return ended;
    },
  };
}
