import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectionCore, type LoggedEvent } from "../../support/connection-core.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import type { TestNetwork } from "./test-network.ts";

/** Tools of a trial. */
export interface TrialTools<Network extends TestNetwork> {
  readonly network: Network;
  /** App whose account of this number is online. */
  readonly app: string;
  readonly number: number;
  readonly core: Awaited<ReturnType<typeof connectionCore>>;
  /** Resolves with the bodies of received messages, once `last` is among them. */
  readonly bodiesUntil: (last: string) => Promise<readonly string[]>;
}

/** Rule that needs more of a network than `TestNetwork` offers. */
export interface Trial<Network extends TestNetwork> {
  readonly behaviour: string;
  readonly run: (tools: TrialTools<Network>) => Promise<void>;
}

/** First account of the trials. */
const FIRST_TRIAL_ACCOUNT = 60;

/** Tests the rules of platforms with account connections, on a real server of the network. */
export function connectionContract<Network extends TestNetwork>(
  name: string,
  open: () => Promise<Network>,
  trials: ReadonlyArray<Trial<Network>> = [],
): void {
  describe(`account connections on ${name}`, { timeout: 90_000 }, () => {
    let server: TestRedis;
    let network: Network;
    let core: Awaited<ReturnType<typeof connectionCore>>;
    let apps = 0;
    const newApp = () => `app${++apps}`;

    beforeAll(async () => {
      [server, network] = await Promise.all([testRedis(), open()]);
      core = await connectionCore(server, network);
    });
    afterAll(async () => {
      await core.close();
      await network.close();
      await server.stop();
    });

    const states = (all: readonly LoggedEvent[]) =>
      all.flatMap(({ type, state }) => (type === "session" ? [state] : []));
    const online = (app: string, times = 1) =>
      core.until(app, (all) => states(all).filter((state) => state === "online").length >= times);
    const bodies = (all: readonly LoggedEvent[]) =>
      all.flatMap(({ type, verb, object, self }) =>
        type === "activity" && verb === "send" && self !== true ? [String(object?.body).trim()] : [],
      );
    const arrived = (app: string, text: string) => core.until(app, (all) => bodies(all).includes(text));

    it("connects a desired account, records inbound events and sends activities", async () => {
      const worker = core.startWorker();
      const app = newApp();
      await core.put(app, network.account(0));
      expect(states(await online(app))).toEqual(["connecting", "online"]);
      await network.peerSends(0, `${app} hello`);
      const [event] = (await arrived(app, `${app} hello`)).filter(({ type }) => type === "activity");
      expect(event).toMatchObject({ platform: network.platform.id, target: [{ address: network.account(0).address }] });
      const rid = await core.post(app, network.sendTo(0, `${app} good day`));
      expect(await core.result(app, rid)).toMatchObject({ status: "sent", attempts: 1 });
      expect(await network.peerReceived(`${app} good day`)).toBe(1);
      await worker.close(1_000);
    });

    it("connects for work on demand, and by `connect` and `disconnect`", async () => {
      const worker = core.startWorker();
      const app = newApp();
      const { address } = network.account(1);
      await core.put(app, network.account(1), false);
      const rid = await core.post(app, network.sendTo(1, `${app} on demand`));
      expect(await core.result(app, rid)).toMatchObject({ status: "sent" });
      const connected = await core.post(app, { verb: "connect", actor: { address }, target: [], object: {} });
      expect(await core.result(app, connected)).toMatchObject({ status: "sent" });
      await network.peerSends(1, `${app} still there`);
      await arrived(app, `${app} still there`);
      const disconnected = await core.post(app, { verb: "disconnect", actor: { address }, target: [], object: {} });
      expect(await core.result(app, disconnected)).toMatchObject({ status: "sent" });
      // Recent work keeps the connection open for a while; the test checks the desired state only.
      const [account] = await core.accounts.list(app, { limit: 1 });
      expect(account?.online).toBe(false);
      await worker.close(1_000);
    });

    it("publishes a wrong password once and does not retry, also under the next owner", async () => {
      const worker = core.startWorker();
      const app = newApp();
      const { address } = network.wrongLogin;
      await core.put(app, network.wrongLogin);
      await core.until(app, (all) => states(all).includes("needs-login"));
      const rid = await core.post(app, { ...network.sendTo(0, "never"), actor: { address } });
      expect(await core.result(app, rid)).toMatchObject({ status: "failed", error: { code: "credentials-invalid" } });
      expect(states(await core.events(app))).toEqual(["connecting", "needs-login"]);
      await worker.close(1_000);
      // The next holder knows.
      const next = core.startWorker();
      const again = await core.post(app, { ...network.sendTo(0, "never"), actor: { address } });
      expect(await core.result(app, again)).toMatchObject({ status: "failed", error: { code: "credentials-invalid" } });
      expect(states(await core.events(app))).toEqual(["connecting", "needs-login"]);
      await next.close(1_000);
    });

    it("reconnects after a server crash and records missed events once, in order", async () => {
      const worker = core.startWorker();
      const app = newApp();
      await core.put(app, network.account(2));
      await online(app);
      await network.peerSends(2, `${app} 1`);
      await arrived(app, `${app} 1`);
      await network.kill();
      await core.until(app, (all) => states(all).includes("offline"));
      const rid = await core.post(app, network.sendTo(2, `${app} held`));
      await network.restart();
      if (network.keepsMissed) await network.peerSends(2, `${app} 2`);
      await online(app, 2);
      if (network.maySwapAtLogin) await arrived(app, `${app} 2`);
      await network.peerSends(2, `${app} 3`);
      const got = bodies(await arrived(app, `${app} 3`)).filter((text) => text.startsWith(app));
      expect(got).toEqual([`${app} 1`, ...(network.keepsMissed ? [`${app} 2`] : []), `${app} 3`]);
      expect(await core.result(app, rid)).toMatchObject({ status: "sent" });
      expect(await network.peerReceived(`${app} held`)).toBe(1);
      await worker.close(1_000);
    });

    it("hands over when a worker joins or leaves without losing or doubling anything", async () => {
      const first = core.startWorker();
      const app = newApp();
      for (let n = 3; n < 9; n++) await core.put(app, network.account(n));
      await online(app, 6);
      const second = core.startWorker();
      await core.put(app, network.account(13));
      for (let n = 3; n < 9; n++) if (network.keepsMissed) await network.peerSends(n, `${app} to ${n}`);
      await first.close(1_000);
      const rids: string[] = [];
      for (let n = 3; n < 9; n++) rids.push(await core.post(app, network.sendTo(n, `${app} from ${n}`)));
      for (const rid of rids) expect(await core.result(app, rid)).toMatchObject({ status: "sent" });
      for (let n = 3; n < 9; n++) expect(await network.peerReceived(`${app} from ${n}`)).toBe(1);
      for (let n = 3; n < 9; n++) await network.peerSends(n, `${app} again ${n}`);
      for (let n = 3; n < 9; n++) await arrived(app, `${app} again ${n}`);
      const got = bodies(await core.events(app)).filter((text) => text.startsWith(app));
      expect(got).toHaveLength(network.keepsMissed ? 12 : 6);
      expect(new Set(got).size).toBe(got.length);
      await second.close(1_000);
    });

    it("moves away from a worker that can't reach Redis and ignores its late writes", async () => {
      const first = core.startWorker();
      const app = newApp();
      await core.put(app, network.account(9));
      await online(app);
      first.redis.disconnect();
      const second = core.startWorker();
      await online(app, 2);
      await network.peerSends(9, `${app} once`);
      await arrived(app, `${app} once`);
      const rid = await core.post(app, network.sendTo(9, `${app} me`));
      expect(await core.result(app, rid)).toMatchObject({ status: "sent" });
      expect(bodies(await core.events(app))).toEqual([`${app} once`]);
      expect(await network.peerReceived(`${app} me`)).toBe(1);
      await second.close(1_000);
      await first.redis.connect();
      await first.close(0);
    });

    for (const [at, [manner, speak]] of Object.entries(HOSTILE).entries()) {
      // Accounts for this test alone: some networks allow only one connection per name.
      const [neighbour, victim] = [20 + 2 * at, 21 + 2 * at];
      it(`bounds a server that ${manner} without effect on other accounts`, async () => {
        const hostile = await hostileServer(speak);
        const worker = core.startWorker();
        const app = newApp();
        const before = process.memoryUsage.rss();
        await core.put(app, network.account(neighbour));
        await core.put(app, network.accountAt(victim, hostile.port));
        await online(app);
        await hostile.met;
        await network.peerSends(neighbour, `${app} fine`);
        await arrived(app, `${app} fine`);
        if (manner !== "says nothing") {
          const bad = core.until(app, (all) =>
            all.some(({ actor, state }) => actor.address === network.account(victim).address && state !== "connecting"),
          );
          await bad;
        }
        expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1_048_576);
        await worker.close(1_000);
        await hostile.close();
      });
    }

    for (const [index, { behaviour, run }] of trials.entries()) {
      it(behaviour, async () => {
        const worker = core.startWorker();
        const app = newApp();
        const number = FIRST_TRIAL_ACCOUNT + index;
        await core.put(app, network.account(number));
        await online(app);
        const bodiesUntil = async (last: string) => bodies(await arrived(app, last));
        await run({ network, app, number, core, bodiesUntil });
        await worker.close(1_000);
      });
    }

    it("disconnects when the account is deleted", async () => {
      const worker = core.startWorker();
      const app = newApp();
      const id = await core.put(app, network.account(12));
      await online(app);
      await core.remove(app, id);
      const sendToNobody = async () => core.result(app, await core.post(app, network.sendTo(12, "nobody")));
      let result = await sendToNobody();
      // The owner is notified in parallel, so work of that moment may still be sent.
      while (result.status === "sent") result = await sendToNobody();
      expect(result).toMatchObject({ status: "failed", error: { code: "account-unknown" } });
      await worker.close(1_000);
    });
  });
}

const HOSTILE: Readonly<Record<string, (socket: Socket) => void>> = {
  "talks garbage": (socket) => void socket.end(Buffer.from(Array.from({ length: 4_096 }, (_, at) => (at * 7) % 256))),
  "never ends a line": (socket) => {
    const block = Buffer.alloc(65_536, "a");
    let sent = 0;
    const more = (): void => {
      while (!socket.destroyed && sent < 64 * 1_048_576 && socket.write(block)) sent += block.length;
      if (sent >= 64 * 1_048_576) socket.end();
    };
    socket.on("drain", more);
    more();
  },
  "disconnects at once": (socket) => void socket.destroy(),
  "says nothing": () => undefined,
};

async function hostileServer(speak: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  let meet: () => void = () => undefined;
  const met = new Promise<void>((resolve) => {
    meet = resolve;
  });
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).resume();
    speak(socket);
    meet();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    met,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
