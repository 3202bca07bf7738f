import { describe, expect, it, onTestFinished, vi } from "vitest";
import { readConfig } from "../../../src/config/settings.ts";
import { type Log, silentLog } from "../../../src/model/log.ts";
import { openTracing } from "../../../src/tracing/open-tracing.ts";
import { otlpTracing } from "../../../src/tracing/otlp-tracing.ts";
import { otlpCollector } from "../../support/otlp-collector.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const PROCESS = { role: "worker", version: "1.2.3", serviceName: "gateway", ratio: 1 } as const;
const PLAIN = { kind: "internal", attributes: {} } as const;

async function tracingTo(status = 200, more: { readonly log?: Log; readonly ratio?: number } = {}) {
  const collector = await otlpCollector(() => status);
  onTestFinished(collector.stop);
  return { collector, tracing: otlpTracing({ ...PROCESS, log: silentLog, endpoint: `${collector.url}/`, ...more }) };
}

describe("otlpTracing", () => {
  it("continues the trace of a traceparent, and nests spans within those that run", async () => {
    const { collector, tracing } = await tracingTo();
    const origin = { traceparent: `00-${TRACE}-${PARENT}-01` };
    const inner = await tracing.inSpan("outer", { kind: "server", attributes: { size: 3 }, origin }, (outer) =>
      tracing.inSpan("inner", PLAIN, async (span) => [outer.traceparent, span.traceparent]),
    );
    await tracing.close();
    const [innerSpan, outerSpan] = collector.spans;
    expect(outerSpan).toMatchObject({ name: "outer", traceId: TRACE, parentSpanId: PARENT, attributes: { size: 3 } });
    expect(innerSpan).toMatchObject({ name: "inner", traceId: TRACE, parentSpanId: outerSpan?.spanId });
    expect(outerSpan?.resource).toEqual({
      "service.name": "gateway",
      "service.version": "1.2.3",
      "dragoman.role": "worker",
    });
    expect(inner).toEqual([`00-${TRACE}-${outerSpan?.spanId}-01`, `00-${TRACE}-${innerSpan?.spanId}-01`]);
    expect(collector.requests.map(({ path }) => path)).toEqual(["/v1/traces"]);
  });

  it.each([
    ["missing", undefined],
    ["of zeros", `00-${"0".repeat(32)}-${PARENT}-01`],
    ["no traceparent", "'; DROP TABLE"],
    ["two headers in one", `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`],
    ["endless", "0".repeat(16_000)],
  ])("begins a trace where the traceparent is %s", async (_, traceparent) => {
    const { collector, tracing } = await tracingTo();
    await tracing.inSpan("outer", PLAIN, () =>
      tracing.inSpan("alone", { ...PLAIN, origin: { traceparent } }, async () => undefined),
    );
    await tracing.close();
    const [alone, outer] = collector.spans;
    expect(alone).toMatchObject({ name: "alone", traceId: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(alone?.traceId).not.toBe(TRACE);
    expect(alone?.traceId).not.toBe(outer?.traceId);
    expect(alone?.parentSpanId).toBeUndefined();
  });

  it("sends no span of a trace that its sender does not record, and still names the trace", async () => {
    const { collector, tracing } = await tracingTo();
    const origin = { traceparent: `00-${TRACE}-${PARENT}-00` };
    const next = await tracing.inSpan("quiet", { ...PLAIN, origin }, async ({ traceparent }) => traceparent);
    await tracing.close();
    expect(next).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    expect(collector.requests).toEqual([]);
  });

  it("sends none of the traces that begin here with a ratio of 0", async () => {
    const { collector, tracing } = await tracingTo(200, { ratio: 0 });
    await tracing.inSpan("quiet", PLAIN, async () => undefined);
    await tracing.close();
    expect(collector.requests).toEqual([]);
  });

  it("tells the code of an error, never its message", async () => {
    const { collector, tracing } = await tracingTo();
    const fault = Object.assign(new Error("535 bob:secret is wrong"), { code: "auth-failed" });
    const broken = tracing.inSpan("broken", PLAIN, () => Promise.reject(fault));
    await expect(broken).rejects.toBe(fault);
    await tracing.close();
    expect(collector.spans).toMatchObject([{ status: 2, attributes: { "error.type": "auth-failed" } }]);
    expect(collector.requests.map(({ raw }) => raw).join()).not.toContain("secret");
  });

  it("warns when the receiver refuses spans", async () => {
    const warn = vi.fn();
    const { tracing } = await tracingTo(400, { log: { ...silentLog, warn } });
    await tracing.inSpan("lost", PLAIN, async () => undefined);
    await tracing.close();
    expect(warn.mock.calls).toEqual([
      [{ err: expect.any(Error), spans: 1 }, "traces could not be sent; spans are lost"],
    ]);
  });
});

describe("openTracing", () => {
  it("does nothing without OTEL_EXPORTER_OTLP_ENDPOINT", async () => {
    const process = { role: "api", version: "1.2.3", log: silentLog } as const;
    expect(await openTracing(readConfig({}), process)).toBeUndefined();
  });

  it.each(["", "-0.1", "1.5", "much"])("takes no share of %j", (ratio) => {
    expect(() => readConfig({ OTEL_TRACES_SAMPLER_ARG: ratio })).toThrow("takes a number from 0 to 1");
  });
});
