import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectionCore, type LoggedEvent } from "../../support/connection-core.ts";
import { onePageNetwork } from "../../support/one-page-network.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";

let server: TestRedis;
let network: Awaited<ReturnType<typeof onePageNetwork>>;
let core: Awaited<ReturnType<typeof connectionCore>>;
let apps = 0;
const newApp = () => `app${++apps}`;

beforeAll(async () => {
  server = await testRedis();
  network = await onePageNetwork();
  core = await connectionCore(server, network);
  core.startWorker();
});
afterAll(async () => {
  await core.close();
  await network.close();
  await server.stop();
});

const states = (all: readonly LoggedEvent[]) => all.flatMap(({ type, state }) => (type === "session" ? [state] : []));
const until = (app: string, ...expected: readonly string[]) =>
  core.until(app, (all) => states(all).join() === expected.join());
const wrong = () => ({ ...network.account(0), credentials: Object(network.wrongLogin.credentials) as object });

describe("AccountConnection", () => {
  it("reconnects when other credentials are stored, not for equal ones", async () => {
    const app = newApp();
    await core.put(app, wrong());
    await until(app, "connecting", "needs-login");
    await core.put(app, network.account(0));
    await until(app, "connecting", "needs-login", "connecting", "online");
    const before = network.logins();
    await core.put(app, network.account(0));
    await until(app, "connecting", "needs-login", "connecting", "online", "connecting", "online");
    expect(network.logins()).toBe(before + 1);
  });

  it("retries a refused account only when `connect` is posted", async () => {
    const app = newApp();
    await core.put(app, wrong());
    await until(app, "connecting", "needs-login");
    const before = network.logins();
    const send = await core.post(app, network.sendTo(0, "no"));
    expect(await core.result(app, send)).toMatchObject({ status: "failed", error: { code: "credentials-invalid" } });
    expect(network.logins()).toBe(before);
    const { address } = network.account(0);
    const connect = await core.post(app, { verb: "connect", actor: { address }, target: [], object: {} });
    expect(await core.result(app, connect)).toMatchObject({ status: "failed", error: { code: "credentials-invalid" } });
    expect(network.logins()).toBe(before + 1);
  });

  it("gives two apps with the same address separate connections without each other's events", async () => {
    const [first, second] = [newApp(), newApp()];
    const before = network.logins();
    await core.put(first, network.account(1));
    await core.put(second, network.account(1));
    await until(first, "connecting", "online");
    await until(second, "connecting", "online");
    expect(network.logins()).toBe(before + 2);
    const rid = await core.post(first, network.sendTo(1, `${first} speaks`));
    await core.result(first, rid);
    const events = await core.events(second);
    expect(events.filter(({ rid: other }) => other === rid)).toEqual([]);
    expect(JSON.stringify(events)).not.toContain(`${first} speaks`);
  });

  it("ends the old session when its login is replaced or its account deleted: nothing arrives there any more", async () => {
    const [replaced, deleted, kept] = [newApp(), newApp(), newApp()];
    await core.put(replaced, network.account(5));
    const id = await core.put(deleted, network.account(5));
    await core.put(kept, network.account(5));
    for (const app of [replaced, deleted, kept]) await until(app, "connecting", "online");
    await core.put(replaced, { ...network.account(5), credentials: wrong().credentials });
    await until(replaced, "connecting", "online", "connecting", "needs-login");
    await core.remove(deleted, id);
    const send = async () => core.result(deleted, await core.post(deleted, network.sendTo(5, "Hi")));
    // The owner is notified in parallel, so work of that moment may still be sent.
    let result = await send();
    while (result.status === "sent") result = await send();
    await network.peerSends(5, "not for former sessions");
    const holds = (all: readonly LoggedEvent[]) => JSON.stringify(all).includes("not for former sessions");
    await core.until(kept, holds);
    // The network wrote to its sessions in turn, and whatever arrived is recorded before this later work.
    for (const app of [replaced, deleted]) {
      await core.result(app, await core.post(app, network.sendTo(5, "later")));
      expect(holds(await core.events(app))).toBe(false);
    }
  });

  it("publishes the network's delivery receipt under the activity's rid", async () => {
    const app = newApp();
    await core.put(app, network.account(2));
    const rid = await core.post(app, network.sendTo(2, `${app} told`));
    const all = await core.until(app, (events) => events.some(({ status }) => status === "delivered"));
    expect(all.find(({ status }) => status === "delivered")).toMatchObject({ type: "status", rid });
  });

  it("defers work while the network is down and sends it afterwards", async () => {
    const app = newApp();
    await core.put(app, network.account(3));
    await until(app, "connecting", "online");
    await network.kill();
    await until(app, "connecting", "online", "offline");
    const rid = await core.post(app, network.sendTo(3, `${app} later`));
    await core.until(app, (all) => all.some((event) => event.rid === rid && event.status === "deferred"));
    await network.restart();
    expect(await core.result(app, rid)).toMatchObject({ status: "sent" });
    expect(await network.peerReceived(`${app} later`)).toBe(1);
  });
});
