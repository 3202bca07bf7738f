import { once } from "node:events";
import { createConnection } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { rawStream } from "./sse-client.ts";
import { departures, streamServer } from "./stream-server.ts";

const requests = {
  "an event stream": "GET /gateway/events HTTP/1.1\r\nAccept: text/event-stream\r\n",
  "a poll": "GET /gateway/events?wait=30 HTTP/1.1\r\nAccept: application/json\r\n",
  "a socket": [
    "GET /gateway/socket HTTP/1.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "",
  ].join("\r\n"),
};

describe("the slot of a client that disconnects during authentication", () => {
  let redis: TestRedis;
  let server: Awaited<ReturnType<typeof streamServer>>;
  beforeAll(async () => {
    redis = await testRedis();
    server = await streamServer(redis, { config: { streamsPerApp: 1 } });
  });
  afterAll(async () => {
    await server.stop();
    await redis.stop();
  });

  async function firstEvent(app: string): Promise<string | undefined> {
    const stream = await rawStream(server.port, { app });
    await stream.until(() => stream.events.length > 0);
    stream.close();
    return stream.events[0]?.event;
  }

  it.each(Object.entries(requests))("is freed after %s", async (name, head) => {
    for (let round = 0; round < 3; round++) {
      const left = once(departures, "left");
      const client = createConnection(server.port, "127.0.0.1");
      client.write(`${head}Host: localhost\r\nAuthorization: Bearer leaver\r\nX-Leaves: 1\r\n\r\n`, () =>
        client.destroy(),
      );
      await once(client, "close");
      if (name === "a socket") setTimeout(() => departures.emit("gone"), 100);
      await left;
    }
    await expect.poll(() => firstEvent("leaver")).toBe("ready");
  });

  it("is freed after a poll on a connection that stays open", async () => {
    for (let round = 0; round < 2; round++) {
      const answer = await fetch(server.url, {
        headers: { Authorization: "Bearer keeper", Accept: "application/json" },
      });
      expect([answer.status, await answer.json()]).toEqual([200, { events: [], cursor: expect.any(String) }]);
    }
  });
});
