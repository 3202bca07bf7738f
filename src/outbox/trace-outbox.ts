import type { Activity } from "../model/activity.ts";
import type { SpanAttributes, SpanOptions, Tracing } from "../tracing/tracing.ts";
import type { LaneItem, Outbox } from "./outbox.ts";

const INTERNAL: SpanOptions = { kind: "internal", attributes: {} };

/** Returns what spans tell of an activity: ids and names; no addresses, no content. */
export function spanAttributes(app: string, { id, rid, platform, verb }: Activity): SpanAttributes {
  return {
    "messaging.system": "dragoman",
    "messaging.message.id": id,
    "dragoman.app": app,
    "dragoman.rid": rid,
    "dragoman.platform": platform,
    "dragoman.verb": verb,
  };
}

/** Wraps an outbox with spans. An accepted activity carries the context of its span to the worker. */
export function traceOutbox(outbox: Outbox, { inSpan }: Tracing): Outbox {
  return {
    ...outbox,
    accept: (entry) => {
      const { app, activity } = entry;
      const attributes = { ...spanAttributes(app, activity), "messaging.operation.type": "send" };
      return inSpan("accept activity", { kind: "producer", attributes }, async (span) => {
        const answer = await outbox.accept({ ...entry, activity: { ...activity, traceparent: span.traceparent } });
        span.set({ "dragoman.outcome": answer.outcome });
        return answer;
      });
    },
    commit: (item, event, options) =>
      inSpan("commit", INTERNAL, async (span) => {
        const answer = await outbox.commit(item, event, options);
        span.set({ "dragoman.outcome": answer });
        return answer;
      }),
    complete: (item, event) => recording("record result", item, event.status, () => outbox.complete(item, event)),
    defer: (item, deferral) =>
      recording("record deferral", item, deferral.event.status, () => outbox.defer(item, deferral)),
  };

  /** Writes the end of an attempt. The same script appends the event. */
  function recording<T>(name: string, { activity }: LaneItem, status: string, write: () => Promise<T>): Promise<T> {
    const attributes = { "messaging.message.id": activity.id, "dragoman.status": status };
    return inSpan(name, { kind: "internal", attributes }, write);
  }
}
