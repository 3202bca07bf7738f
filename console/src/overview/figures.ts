/** Figures of the gateway at one moment, as `GET /console/api/overview` answers. */
export interface Figures {
  /** Unix ms. */
  readonly time: number;
  readonly metrics: readonly Metric[];
  readonly redis: { readonly up: boolean; readonly pressure: string };
  /** Whether the worker beside the API works; absent where it runs elsewhere. */
  readonly worker?: boolean;
}

/** Metric with its series, as prom-client describes them. */
export interface Metric {
  readonly name: string;
  readonly values: readonly Series[];
}

export interface Series {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

type Metrics = readonly Metric[];

/** Returns the series of a metric; none for an unknown one. */
export function seriesOf(metrics: Metrics, name: string): readonly Series[] {
  return metrics.find((metric) => metric.name === name)?.values ?? [];
}

/** Returns the sum of a metric's series. */
export function sumOf(metrics: Metrics, name: string): number {
  return seriesOf(metrics, name).reduce((sum, { value }) => sum + value, 0);
}

/** Returns the largest of a gauge's series. Every process reports the same value. */
export function gaugeOf(metrics: Metrics, name: string): number {
  return Math.max(0, ...seriesOf(metrics, name).map(({ value }) => value));
}

/** Returns the sums of a metric by one of its labels. */
export function countsBy(metrics: Metrics, name: string, label: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { labels, value } of seriesOf(metrics, name)) {
    const key = String(labels[label] ?? "");
    counts.set(key, (counts.get(key) ?? 0) + value);
  }
  return counts;
}

/** Cumulative buckets of a histogram: upper bound in seconds, and the number of observations up to it. */
export type Buckets = ReadonlyArray<readonly [bound: number, count: number]>;

/** Returns the buckets of a histogram, of one label value where `only` names it. */
export function bucketsOf(metrics: Metrics, name: string, only: Readonly<Record<string, string>> = {}): Buckets {
  const counts = new Map<number, number>();
  for (const { labels, value, metricName } of seriesOf(metrics, name)) {
    if (metricName !== `${name}_bucket` || !Object.entries(only).every(([label, text]) => labels[label] === text))
      continue;
    const bound = labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le);
    counts.set(bound, (counts.get(bound) ?? 0) + value);
  }
  return [...counts].sort(([a], [b]) => a - b);
}

/** Returns the bound below which the share of observations lies; undefined without observations. */
export function quantile(buckets: Buckets, share: number): number | undefined {
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total === 0) return undefined;
  return buckets.find(([, count]) => count >= total * share)?.[0];
}
