import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { matrixTable } from "../../../support/fault-matrix.ts";
import { type TestRedis, testRedis } from "../../../support/redis.ts";
import { MATRIX_ROOM, MATRIX_SETTINGS, xmppFaultMatrix, xmppFaults } from "../../../support/xmpp-faults.ts";
import { type XmppTestNetwork, xmppNetwork } from "../../../support/xmpp-network.ts";

describe("an XMPP account that meets every answer at every step", () => {
  let redis: TestRedis;
  let network: XmppTestNetwork;
  beforeAll(async () => {
    [redis, network] = await Promise.all([testRedis(), xmppNetwork({ isPlain: true, settings: MATRIX_SETTINGS })]);
    await network.peerJoins(MATRIX_ROOM);
  });
  afterAll(async () => {
    await network?.close();
    await redis?.stop();
  });

  it("recovers by itself from all that XMPP does not define as final, and loses and doubles nothing", {
    timeout: 600_000,
  }, async () => {
    const outcomes = await xmppFaultMatrix(redis, network, xmppFaults());
    console.log(matrixTable(outcomes));
    const wrong = outcomes.filter(({ faults }) => faults.length > 0);
    expect(wrong.map(({ step, answer, states, faults }) => ({ step, answer, states, faults }))).toEqual([]);
  });
});
