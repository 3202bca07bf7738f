import express from "express";
import request from "supertest";
import { expect, test } from "vitest";
import { adminApp, metricsRoutes } from "../../../routes/operator/metrics.ts";
import { metrics } from "../../../src/process/metrics.ts";

const health = {
  draining: () => false,
  redis: { up: () => true, facts: () => undefined, pressure: () => "ok" as const },
};

function counted() {
  const registry = metrics("api");
  registry.results.inc({ platform: "email", status: "sent" });
  registry.acceptSeconds.observe(0.003);
  return registry;
}

test("the metrics answer a direct peer on loopback in Prometheus format", async () => {
  const answer = await request(express().use(metricsRoutes({ metrics: counted() }))).get("/metrics");
  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(answer.text).toContain('dragoman_results_total{platform="email",status="sent",role="api"} 1');
  expect(answer.text).toContain('dragoman_accept_seconds_bucket{le="0.005",role="api"} 1');
  expect(answer.text).toMatch(/nodejs_eventloop_lag_seconds\{role="api"\}/);
});

test.each(["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Proto"])(
  "the metrics answer 404 through a proxy (%s)",
  async (header) => {
    const app = express().use(metricsRoutes({ metrics: counted() }));
    for (const path of ["/metrics", "/metrics/", "/METRICS"]) {
      expect((await request(app).get(path).set(header, "127.0.0.1")).status).toBe(404);
    }
  },
);

test("a request for a public name finds nothing, for a proxy may add no header", async () => {
  const app = express().use(metricsRoutes({ metrics: counted() }));
  expect((await request(app).get("/metrics").set("Host", "shop.example")).status).toBe(404);
  expect((await request(app).get("/metrics").set("Host", "localhost:8000")).status).toBe(200);
});

test("the admin listener answers every caller, with the metrics of its child processes", async () => {
  const worker = metrics("worker");
  worker.results.inc({ platform: "email", status: "failed" }, 2);
  const app = adminApp({ ...health, metrics: counted(), others: async () => [await worker.snapshot()] });
  const answer = await request(app).get("/metrics").set("X-Forwarded-For", "10.0.0.1");
  expect(answer.text).toContain('dragoman_results_total{platform="email",status="failed",role="worker"} 2');
  expect((await request(app).get("/readyz")).status).toBe(200);
  expect((await request(app).get("/healthz")).status).toBe(200);
  const nothing = await request(app).get("/activities");
  expect([nothing.status, nothing.body.code]).toEqual([404, "not-found"]);
});

test("registries of two processes share no series", async () => {
  const [a, b] = [metrics("api"), metrics("api")];
  a.accepted.inc({ platform: "dummy" });
  expect(await b.text()).not.toContain('platform="dummy"');
});
