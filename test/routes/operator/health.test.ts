import express from "express";
import request from "supertest";
import { expect, test } from "vitest";
import { healthRoutes } from "../../../routes/operator/health.ts";
import type { ServerFacts } from "../../../src/redis/server-facts.ts";

const facts: ServerFacts = {
  software: "redis",
  version: "7.0.15",
  fsync: "everysec",
  eviction: "noeviction",
  memoryLimit: 100,
  memoryUsed: 1,
  replicas: 1,
  durable: false,
  warnings: ["A crash may lose the last accepted activities: set appendfsync always."],
};

function app(state: { draining?: boolean; up?: boolean; known?: boolean; worker?: boolean } = {}) {
  const { draining = false, up = true, known = true, worker } = state;
  const redis = { up: () => up, facts: () => (known ? facts : undefined), pressure: () => "soft" as const };
  const routes = healthRoutes({
    draining: () => draining,
    redis,
    ...(worker === undefined ? {} : { worker: () => worker }),
  });
  return express().use(routes);
}

test("healthz answers while the process runs", async () => {
  const answer = await request(app({ draining: true, up: false })).get("/healthz");
  expect([answer.status, answer.body]).toEqual([200, { status: "ok" }]);
});

test("readyz reports the guarantees of Redis, without a version", async () => {
  const answer = await request(app({ worker: true })).get("/readyz");
  expect(answer.status).toBe(200);
  expect(answer.headers["cache-control"]).toBe("no-store");
  expect(answer.body).toEqual({
    status: "ready",
    redis: {
      up: true,
      pressure: "soft",
      durable: false,
      fsync: "everysec",
      eviction: "noeviction",
      replicas: 1,
      warnings: facts.warnings,
    },
    worker: true,
  });
});

test.each([
  [{ draining: true }, "draining"],
  [{ up: false }, "unavailable"],
  [{ up: false, known: false }, "unavailable"],
])("readyz is 503: %o", async (state, status) => {
  const answer = await request(app(state)).get("/readyz");
  expect([answer.status, answer.body.status]).toEqual([503, status]);
});
