import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FaultCell, matrixTable } from "./fault-matrix.ts";
import { type TestRedis, testRedis } from "./redis.ts";
import { MATRIX_ROOM, MATRIX_SETTINGS, xmppFaultMatrix } from "./xmpp-faults.ts";
import { type XmppTestNetwork, xmppNetwork } from "./xmpp-network.ts";

/** Lets accounts on a server meet the cells of the fault matrix. Each recovers without a loss. */
export function xmppMatrixSuite(server: "prosody" | "ejabberd", cells: readonly FaultCell[]): void {
  describe(`an XMPP account that meets every answer at every step of ${server}`, () => {
    let redis: TestRedis;
    let network: XmppTestNetwork;
    beforeAll(async () => {
      [redis, network] = await Promise.all([
        testRedis(),
        xmppNetwork({ server, isPlain: true, settings: MATRIX_SETTINGS }),
      ]);
      await network.peerJoins(MATRIX_ROOM);
    });
    afterAll(async () => {
      await network?.close();
      await redis?.stop();
    });

    it("recovers by itself from all that XMPP does not define as final, and loses and doubles nothing", {
      timeout: 600_000,
    }, async () => {
      const outcomes = await xmppFaultMatrix(redis, network, cells);
      console.log(matrixTable(outcomes));
      const wrong = outcomes.filter(({ faults }) => faults.length > 0);
      expect(wrong.map(({ step, answer, states, faults }) => ({ step, answer, states, faults }))).toEqual([]);
    });
  });
}
