import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { egress } from "../../../src/egress/egress.ts";

/** Server that answers at once, except on `/hang`. */
const hanging: ServerResponse[] = [];
const server = createServer((req, res) => {
  if (req.url === "/hang") hanging.push(res);
  else res.end("fine");
});
const guard = egress({
  allowPrivate: ["127.0.0.1"],
  resolve: (host) => (host === "slow.test" ? new Promise(() => undefined) : Promise.resolve(LOOPBACK)),
});
const LOOPBACK = [{ address: "127.0.0.1", family: 4 }];
let port = 0;

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  await guard.close();
  server.closeAllConnections();
  server.close();
});

/** Runs the work 20 times, one after the other. */
async function often(work: () => Promise<unknown>): Promise<void> {
  for (let n = 0; n < 20; n++) await work();
}

describe("egress shares per app", () => {
  it("opens connections of one app while another app's connections hang", async () => {
    const giveUp = new AbortController();
    const greedy = guard.forApp("greedy");
    const stuck = Array.from({ length: 300 }, () =>
      greedy.connect("slow.test", port, { signal: giveUp.signal, timeoutMs: 120_000 }),
    );
    let hasSettled = false;
    for (const dial of stuck) dial.catch(() => undefined).finally(() => (hasSettled = true));
    const dial = async () => (await guard.forApp("modest").connect("fast.test", port)).destroy();
    await often(dial);
    expect(hasSettled).toBe(false);
    // An app over its share waits until its own time-out.
    const late = greedy.connect("fast.test", port, { timeoutMs: 200 });
    await expect(late).rejects.toMatchObject({ code: "ETIMEDOUT" });
    giveUp.abort(new Error("enough"));
    const settled = await Promise.allSettled(stuck);
    expect(settled.every(({ status }) => status === "rejected")).toBe(true);
    (await greedy.connect("fast.test", port)).destroy();
  });

  it("never lets two apps share a connection to the same server, however idle", async () => {
    const ports = new Map<string, Set<number>>();
    const count = (req: IncomingMessage) => {
      const app = String(req.headers["x-app"]);
      ports.set(app, (ports.get(app) ?? new Set()).add(req.socket.remotePort ?? 0));
    };
    server.on("request", count);
    for (let n = 0; n < 5; n++) {
      for (const app of ["one", "two"]) {
        await guard.forApp(app).fetch(`http://fast.test:${port}`, { headers: { "x-app": app } });
      }
    }
    server.off("request", count);
    const [one = new Set(), two = new Set()] = [ports.get("one"), ports.get("two")];
    // Each app keeps its connection alive.
    expect([one.size, two.size]).toEqual([1, 1]);
    expect([...one].some((remote) => two.has(remote))).toBe(false);
  });

  it("answers requests of one app while the same server leaves another app's requests hanging", async () => {
    const giveUp = new AbortController();
    const url = `http://fast.test:${port}`;
    const greedy = guard.forApp("greedy");
    const stuck = Array.from({ length: 200 }, () =>
      greedy.fetch(`${url}/hang`, { signal: giveUp.signal, timeoutMs: 120_000 }),
    );
    let hasSettled = false;
    for (const request of stuck) request.catch(() => undefined).finally(() => (hasSettled = true));
    while (hanging.length < 64) await once(server, "request");
    await often(() => guard.forApp("modest").fetch(url));
    expect(hasSettled).toBe(false);
    giveUp.abort(new Error("enough"));
    await Promise.allSettled(stuck);
  });
});
