import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Attributes,
  type Context,
  DiagLogLevel,
  diag,
  type Span as OpenTelemetrySpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { parseTraceParent } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { TracedProcess } from "./open-tracing.ts";
import { reportingExporter } from "./reporting-exporter.ts";
import type { Span, SpanOptions, Tracing } from "./tracing.ts";

export interface OtlpTracingDeps extends TracedProcess {
  /** Base address of an OTLP/HTTP receiver; spans go to `v1/traces` below it. */
  readonly endpoint: string;
  /** Share of the traces that begin here and are sent, 0 to 1. Others follow their parent. */
  readonly ratio: number;
  readonly serviceName: string;
}

/** Maximum number of spans that wait for the receiver. Further spans are dropped, so that memory stays bounded. */
const MAX_WAITING_SPANS = 16_384;
const EXPORT_TIMEOUT_MS = 3_000;
const CLOSE_MS = 2_000;

const CODE = /^[\w.-]{1,64}$/;

const KINDS = {
  server: SpanKind.SERVER,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
} as const;

/** Makes traces that are sent by OTLP/HTTP. Headers, certificates and compression come from OpenTelemetry's variables. */
export function otlpTracing({ endpoint, ratio, serviceName, role, version, log }: OtlpTracingDeps): Tracing {
  const warn = (sentence: string): void => log.warn({ reason: sentence }, "tracing reports a problem");
  const nothing = (): void => undefined;
  const logger = { error: nothing, warn, info: nothing, debug: nothing, verbose: nothing };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const url = `${endpoint.replace(/\/$/, "")}/v1/traces`;
  const exporter = reportingExporter(new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS }), log);
  const attributes = { "service.name": serviceName, "service.version": version, "dragoman.role": role };
  const provider = new TracerProvider({
    resource: resourceFromAttributes(attributes),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter, maxQueueSize: MAX_WAITING_SPANS })],
  });
  const tracer = provider.getTracer("dragoman", version);
  const running = new AsyncLocalStorage<Context>();

  return {
    inSpan(name, options, work) {
      const parent = parentOf(options, running.getStore());
      const { kind, attributes: facts } = options;
      const span = tracer.startSpan(name, { kind: KINDS[kind], attributes: facts as Attributes }, parent);
      return running.run(trace.setSpan(parent, span), async () => {
        try {
          return await work(spanOf(span));
        } catch (error) {
          fail(span, codeOf(error));
          throw error;
        } finally {
          span.end();
        }
      });
    },

    async close() {
      // A failed export has been reported by the exporter, and must not keep the process from ending in order.
      const closed = provider.shutdown().catch((err: unknown) => log.debug({ err }, "last traces could not be sent"));
      const isSent = await Promise.race([closed.then(() => true), sleep(CLOSE_MS, false, { ref: false })]);
      if (!isSent) log.warn({}, "receiver of traces is too slow; the last spans are lost");
    },
  };
}

/** Returns the context that a span belongs to. A `traceparent` that cannot be read begins a trace. */
function parentOf({ origin }: Pick<SpanOptions, "origin">, current: Context = ROOT_CONTEXT): Context {
  if (origin === undefined) return current;
  const remote = parseTraceParent(origin.traceparent ?? "");
  return remote === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true });
}

function spanOf(span: OpenTelemetrySpan): Span {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`,
    set: (attributes) => void span.setAttributes(attributes as Attributes),
    fail: (code) => fail(span, code),
  };
}

function fail(span: OpenTelemetrySpan, code: string): void {
  span.setAttribute("error.type", code);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Returns what may be told of an error. Its message may repeat what a user or a network sent. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "error";
  return "code" in error && typeof error.code === "string" && CODE.test(error.code) ? error.code : error.name;
}
