import { EventEmitter, once } from "node:events";
import { join } from "node:path";
import Type from "typebox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisConsents } from "../../src/consents/redis-consents.ts";
import { keyring } from "../../src/crypto/keyring.ts";
import { silentLog } from "../../src/model/log.ts";
import { laneQueues } from "../../src/outbox/lane-queues.ts";
import { defineConsent } from "../../src/platform/oauth-consent.ts";
import { consentWorker } from "../../workers/consents.ts";
import { noEgress } from "../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../support/redis.ts";
import { testPlatform } from "../support/test-platform.ts";

let server: TestRedis;
beforeAll(async () => {
  server = await testRedis();
});
afterAll(() => server.stop());

const neverUsed = () => Promise.reject(new Error("no account is stored in this test"));

describe("consent exchanges", () => {
  it("of one app at a hanging network do not block those of another app", async () => {
    const redis = server.connect();
    const ring = await keyring({ path: join(server.dir, "master.key"), opens: true });
    const consents = redisConsents({ redis, keyring: ring });
    const lanes = laneQueues({ redis, log: silentLog });
    const exchanges = new EventEmitter();
    const finish = async (client: { readonly hangs: boolean }) => {
      if (client.hangs) {
        exchanges.emit("hung");
        await once(exchanges, "end");
      }
      return [];
    };
    const consent = defineConsent({
      schema: Type.Object({ hangs: Type.Boolean() }),
      example: { hangs: false },
      url: () => "https://network.test/",
      finish,
    });
    const platform = testPlatform(async () => ({ outcomes: [] }), { oauthConsent: consent });
    const worker = consentWorker({
      redis,
      consents,
      lanes,
      log: silentLog,
      egress: noEgress,
      find: () => platform,
      accounts: { put: neverUsed },
      endpoints: { open: neverUsed, close: neverUsed },
    });
    let hung = 0;
    exchanges.on("hung", () => hung++).setMaxListeners(0);

    async function comeBack(app: string, hangs: boolean): Promise<string> {
      let state = "";
      const begun = { app, platform: "test", redirectUri: "https://gateway.test/callback" };
      await consents.begin(begun, { hangs }, (round) => {
        state = round.state;
        return "https://network.test/";
      });
      const claimed = await consents.claim("test", state);
      if (claimed === undefined) throw new Error("the consent is unknown");
      await consents.submitCode(claimed, "code");
      await lanes.startExchange({ consent: claimed.id, app });
      return claimed.id;
    }

    for (let n = 0; n < 30; n++) await comeBack("greedy", true);
    await expect.poll(() => hung, { timeout: 20_000 }).toBe(4);
    const modest = await comeBack("modest", false);
    await expect.poll(() => consents.outcome(modest), { timeout: 20_000 }).toEqual({ accounts: [] });
    expect(hung).toBe(4);
    const ending = setInterval(() => exchanges.emit("end"), 5);
    await expect.poll(() => hung, { timeout: 20_000 }).toBe(30);
    await worker.close();
    clearInterval(ending);
    await lanes.close();
  });
});
