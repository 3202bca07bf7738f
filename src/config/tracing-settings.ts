import { ratio, type Setting, text, url } from "./setting-types.ts";

/** Settings of traces, by the variables that OpenTelemetry defines. */
export const tracingSettings = {
  otlpEndpoint: {
    env: "OTEL_EXPORTER_OTLP_ENDPOINT",
    fallback: "",
    about: "OTLP/HTTP receiver of OpenTelemetry traces, e.g. http://127.0.0.1:4318; none: no traces.",
    read: url("http", "https"),
  },
  serviceName: {
    env: "OTEL_SERVICE_NAME",
    fallback: "dragoman",
    about: "Name of the service in traces.",
    read: text,
  },
  traceRatio: {
    env: "OTEL_TRACES_SAMPLER_ARG",
    fallback: "1",
    about: "Share (0 to 1) of traces that are sent; a request with a traceparent follows that.",
    read: ratio,
  },
} as const satisfies Record<string, Setting<unknown>>;
