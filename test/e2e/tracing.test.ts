import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { firstKey, type GatewayProcess, gatewayProcess } from "../support/gateway-process.ts";
import { type OtlpCollector, otlpCollector, type ReceivedSpan } from "../support/otlp-collector.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const OTHER_TRACE = "0af7651916cd43dd8448eb211c80319c";
const BODY = "a body that no span may tell";
const ADDRESS = "a-target-that-no-span-may-tell";

describe("the trace of an activity", () => {
  let dir: string;
  let collector: OtlpCollector;
  let result: Record<string, unknown>;
  let stored: Record<string, unknown>;
  let cancelled: Record<string, unknown>;
  let key: string;

  // API and worker are processes of their own; both send what they have when they end.
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "dgm-tracing-"));
    collector = await otlpCollector();
    const gateway = await gatewayProcess({
      role: "all",
      dataDir: dir,
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=shop",
        GRACE_SECONDS: "0",
      },
    });
    try {
      key = await firstKey(dir);
      result = await call(gateway, "", posting({ object: { body: BODY } }));
      stored = await call(gateway, "/traced");
      const later = { options: { sendAt: new Date(Date.now() + 86_400_000).toISOString() } };
      await call(
        gateway,
        "",
        posting({ rid: "cancelled", ...later }, { Prefer: "", traceparent: `00-${OTHER_TRACE}-${PARENT}-01` }),
      );
      cancelled = await call(gateway, "/cancelled", { method: "DELETE" });
    } finally {
      await gateway.stop();
    }
  });
  afterAll(async () => {
    await collector?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  async function call(gateway: GatewayProcess, path: string, more: RequestInit = {}) {
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json", ...more.headers };
    const answer = await fetch(`${gateway.base}/activities${path}`, { ...more, headers });
    return (await answer.json()) as Record<string, unknown>;
  }

  const posting = (more: object, headers: Readonly<Record<string, string>> = {}) => ({
    method: "POST",
    headers: { traceparent: `00-${TRACE}-${PARENT}-01`, Prefer: "wait=30", ...headers },
    body: JSON.stringify({
      rid: "traced",
      platform: "dummy",
      verb: "echo",
      actor: { address: "bob" },
      target: { address: ADDRESS },
      object: {},
      ...more,
    }),
  });

  /** The span of the activity that was carried out. */
  const named = (name: string): ReceivedSpan | undefined =>
    collector.spans.find((span) => span.name === name && span.traceId === TRACE);

  it("leads from the POST over the worker to the platform and the event", () => {
    const chain = ["POST /gateway/activities", "accept activity", "deliver activity", "dummy echo", "commit"] as const;
    const parents = chain.map((name) => named(name)?.parentSpanId);
    expect(parents).toEqual([PARENT, ...chain.slice(0, -1).map((name) => named(name)?.spanId)]);
    expect(named("record result")?.parentSpanId).toBe(named("deliver activity")?.spanId);
    const spans = collector.spans.filter(({ traceId }) => traceId === TRACE);
    expect(spans.map(({ name }) => name).sort()).toEqual([...chain, "record result"].sort());
  });

  it("tells which process did what, and how it ended", () => {
    expect(named("POST /gateway/activities")).toMatchObject({
      resource: { "service.name": "dragoman", "dragoman.role": "api" },
      attributes: { "http.response.status_code": 200, "http.route": "/gateway/activities" },
    });
    expect(named("deliver activity")).toMatchObject({
      resource: { "dragoman.role": "worker" },
      attributes: { "dragoman.rid": "traced", "dragoman.platform": "dummy", "dragoman.attempt": 1 },
    });
    expect(named("record result")?.attributes).toMatchObject({ "dragoman.status": "sent" });
  });

  it("is named in the events, also in those that are read later", () => {
    expect(result).toMatchObject({ type: "result", status: "sent", traceId: TRACE });
    expect(stored).toMatchObject({ status: "sent", result: { traceId: TRACE } });
    expect(cancelled).toMatchObject({ status: "cancelled", result: { traceId: OTHER_TRACE } });
  });

  it("holds no content, address or key, and takes OpenTelemetry's own settings", () => {
    const sent = collector.requests.map(({ raw }) => raw).join();
    for (const secret of [BODY, ADDRESS, key]) expect(sent).not.toContain(secret);
    expect(collector.requests.map(({ headers }) => headers["x-tenant"])).toContain("shop");
  });
});
