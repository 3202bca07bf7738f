import type { Config } from "../config/settings.ts";
import type { Log } from "../model/log.ts";
import type { Tracing } from "./tracing.ts";

/** Process whose spans are sent. */
export interface TracedProcess {
  readonly role: "api" | "worker";
  readonly version: string;
  readonly log: Log;
}

/** Starts tracing where OTEL_EXPORTER_OTLP_ENDPOINT is set. Otherwise nothing of OpenTelemetry is loaded. */
export async function openTracing(
  { otlpEndpoint, traceRatio, serviceName }: Pick<Config, "otlpEndpoint" | "traceRatio" | "serviceName">,
  process: TracedProcess,
): Promise<Tracing | undefined> {
  if (otlpEndpoint === "") return undefined;
  const { otlpTracing } = await import("./otlp-tracing.ts");
  return otlpTracing({ ...process, endpoint: otlpEndpoint, ratio: traceRatio, serviceName });
}
