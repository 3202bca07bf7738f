/** Role of a span, as OpenTelemetry names it. Requests are `server`, accepting is `producer`, deliveries are `consumer`. */
export type SpanKind = "server" | "producer" | "consumer" | "client" | "internal";

/** Facts of a span. Names, ids, codes and numbers; never contents, addresses or secrets. */
export type SpanAttributes = Readonly<Record<string, string | number>>;

export interface SpanOptions {
  readonly kind: SpanKind;
  readonly attributes: SpanAttributes;
  /**
   * Trace context that came with the work (W3C `traceparent`). Without a valid one a trace begins. Where there is no
   * `origin`, the span belongs to the one within which it starts.
   */
  readonly origin?: { readonly traceparent: string | undefined };
}

/** Span of a piece of work in progress. */
export interface Span {
  /** W3C trace context of the work that follows from this. */
  readonly traceparent: string;
  readonly set: (attributes: SpanAttributes) => void;
  /** Marks the work as failed, for a reason such as a problem's code. */
  readonly fail: (code: string) => void;
}

/** Traces of OpenTelemetry. Undefined where the operator did not switch them on. */
export interface Tracing {
  /** Runs the work within a new span. An error of the work fails the span and is thrown on. */
  readonly inSpan: <T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>) => Promise<T>;
  /** Sends what has not been sent, within two seconds. */
  readonly close: () => Promise<void>;
}
