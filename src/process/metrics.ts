import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Metrics of one process. Labels never hold app names, addresses or rids: they would grow without end. */
export interface Metrics {
  readonly accepted: Counter<"platform">;
  readonly refused: Counter<"code">;
  readonly results: Counter<"platform" | "status">;
  readonly acceptSeconds: Histogram;
  readonly deliverySeconds: Histogram<"platform">;
  readonly streams: Gauge<"transport">;
  readonly streamsClosed: Counter<"transport" | "reason">;
  readonly eventsSent: Counter<"transport">;
  readonly hookAttempts: Counter<"outcome">;
  readonly lanes: Gauge<"platform">;
  readonly sessions: Gauge;
  readonly outstanding: Gauge;
  readonly redisUp: Gauge;
  readonly redisMemory: Gauge;
  /** Everything of this process as plain data, for the process that answers `/metrics`. */
  readonly snapshot: () => Promise<MetricsSnapshot>;
  /** The metrics of this process together with snapshots of others, as plain data. */
  readonly merged: (others?: readonly MetricsSnapshot[]) => Promise<MetricsSnapshot>;
  /** The Prometheus text of this process together with snapshots of others. */
  readonly text: (others?: readonly MetricsSnapshot[]) => Promise<string>;
  readonly contentType: string;
}

/** Plain data that survives JSON; made by `snapshot`, merged by `text`. */
export type MetricsSnapshot = Awaited<ReturnType<Registry["getMetricsAsJSON"]>>;

const SHORT = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const LONG = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 15, 60, 300, 1_800, 7_200];

/** Gauges with a counter's name, which `promtool check metrics` refuses; each has a sibling by type. */
const MISNAMED = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

/**
 * Creates a registry with all metrics of one process.
 * `role` (`api` or `worker`) is a label of every series, so
 * that the API's answer can hold its worker's series beside its own.
 */
export function metrics(role: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ role });
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> =>
    new Counter({ name: `dragoman_${name}`, help, labelNames, registers });
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Gauge<Label> =>
    new Gauge({ name: `dragoman_${name}`, help, labelNames, registers });
  const histogram = <Label extends string>(name: string, help: string, buckets: number[], ...labelNames: Label[]) =>
    new Histogram<Label>({ name: `dragoman_${name}`, help, buckets, labelNames, registers });
  const merge = async (others: readonly MetricsSnapshot[] = []) =>
    AggregatorRegistry.aggregate([await registry.getMetricsAsJSON(), ...others]);
  return {
    accepted: counter("activities_accepted_total", "Activities answered with a confirm.", "platform"),
    refused: counter("requests_refused_total", "Requests answered with a problem.", "code"),
    results: counter("results_total", "Results, by terminal status.", "platform", "status"),
    acceptSeconds: histogram("accept_seconds", "From the request's body to its confirm.", SHORT),
    deliverySeconds: histogram("delivery_seconds", "From accept, or due time, to the result.", LONG, "platform"),
    streams: gauge("streams", "Open streams.", "transport"),
    streamsClosed: counter("streams_closed_total", "Streams that ended.", "transport", "reason"),
    eventsSent: counter("events_sent_total", "Frames written to listeners.", "transport"),
    hookAttempts: counter("hook_attempts_total", "Attempts to deliver events to webhooks.", "outcome"),
    lanes: gauge("lanes_active", "Lanes being worked on in this process.", "platform"),
    sessions: gauge("sessions", "Accounts whose connection this process holds or makes."),
    outstanding: gauge("outstanding", "Accepted activities without a result."),
    redisUp: gauge("redis_up", "1 while Redis answers."),
    redisMemory: gauge("redis_memory_ratio", "Used share of the memory Redis may use."),
    snapshot: () => registry.getMetricsAsJSON(),
    merged: async (others) => (await merge(others)).getMetricsAsJSON(),
    text: async (others) => (await merge(others)).metrics(),
    contentType: registry.contentType,
  };
}
