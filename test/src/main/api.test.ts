import { createConnection } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readConfig } from "../../../src/config/settings.ts";
import { startApi } from "../../../src/main/api.ts";
import { openStore } from "../../../src/main/storage.ts";
import { silentLog } from "../../../src/model/log.ts";
import { metrics } from "../../../src/process/metrics.ts";
import { freePort } from "../../support/free-port.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";

let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});
afterAll(() => redis.stop());

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

it("the API reports readiness only after its preparations, such as creating the first key", async () => {
  const port = await freePort();
  const env = { REDIS_URL: redis.url, DATA_DIR: redis.dir, HOST: "127.0.0.1", PORT: String(port), SANDBOX: "off" };
  const config = readConfig(env);
  const store = await openStore(config, true, silentLog);
  let isEarly: boolean | undefined;
  const api = await startApi({
    config,
    version: "0.0.0",
    choose: () => [],
    store,
    metrics: metrics("api"),
    worker: undefined,
    log: silentLog,
    beforeListening: async (registry) => {
      isEarly = await isListening(port);
      await registry.createApp("first", ["send"]);
    },
  });
  try {
    expect(isEarly).toBe(false);
    expect((await fetch(`${api.address}/readyz`)).status).toBe(200);
    expect((await api.registry.list()).map(({ name }) => name)).toEqual(["first"]);
  } finally {
    await api.stop(0);
    await store.close();
  }
});
