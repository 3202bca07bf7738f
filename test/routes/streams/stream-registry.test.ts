import { Duplex } from "node:stream";
import { afterAll, describe, expect, it } from "vitest";
import { type StreamCaller, streamRegistry } from "../../../routes/streams/stream-registry.ts";

const streams = streamRegistry({ config: { streamsPerApp: 100, drainSeconds: 1 } });
afterAll(() => streams.stop());

/** Opens streams until one is refused; returns their number and how to close them. */
function openAll(caller: StreamCaller) {
  const sockets: Duplex[] = [];
  for (;;) {
    const socket = new Duplex();
    try {
      streams.acquire(caller, "sse", socket);
      sockets.push(socket);
    } catch (error) {
      return { count: sockets.length, refusal: error, close: () => sockets.map((open) => open.emit("close")) };
    }
  }
}

const visitor = (app: string, subject: string): StreamCaller => ({ app, via: "token", subject });

describe("the streams of an app", () => {
  it("are not used up by the tokens of one user, nor those of another app by this one", () => {
    const greedy = openAll(visitor("shop", "eve"));
    expect(greedy.count).toBe(10);
    expect(greedy.refusal).toMatchObject({ code: "rate-limited", options: { retryAfter: 15 } });
    const modest = openAll({ ...visitor("shop", "bob"), jti: "t1" });
    expect(modest.count).toBe(10);
    const own = openAll({ app: "shop", via: "key" });
    expect(own.count).toBe(80);
    expect(openAll(visitor("shop", "ann")).count).toBe(0);
    const other = openAll({ app: "other", via: "key" });
    expect(other.count).toBe(100);
    for (const opened of [greedy, modest, own, other]) opened.close();
    const again = openAll(visitor("shop", "eve"));
    expect(again.count).toBe(10);
    again.close();
  });
});
