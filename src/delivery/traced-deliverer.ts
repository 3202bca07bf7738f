import { spanAttributes } from "../outbox/trace-outbox.ts";
import type { Tracing } from "../tracing/tracing.ts";
import { type Deliver, type DeliverDeps, deliverer } from "./deliver.ts";

export interface TracedDeliverDeps extends DeliverDeps {
  /** Undefined where tracing is off. */
  readonly tracing?: Tracing | undefined;
}

/** Creates the function that delivers a lane's head, with spans. One of the attempt, one of the platform's work. */
export function tracedDeliverer({ tracing, ...deps }: TracedDeliverDeps): Deliver {
  if (tracing === undefined) return deliverer(deps);
  const { inSpan } = tracing;
  const use: DeliverDeps["clients"]["use"] = (platform, request, work) => {
    const attributes = { "dragoman.platform": platform.id, "dragoman.verb": request.verb };
    return inSpan(`${platform.id} ${request.verb}`, { kind: "client", attributes }, () =>
      deps.clients.use(platform, request, work),
    );
  };
  const deliver = deliverer({ ...deps, clients: { use } });
  return (platform, item, signal) => {
    const { activity, app, attempts } = item;
    const attributes = {
      ...spanAttributes(app, activity),
      "messaging.operation.type": "process",
      "dragoman.attempt": attempts + 1,
    };
    const origin = { traceparent: activity.traceparent };
    return inSpan("deliver activity", { kind: "consumer", attributes, origin }, () => deliver(platform, item, signal));
  };
}
