import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, describe, expect, it, vi } from "vitest";
import { testHaproxy } from "../../support/haproxy.ts";
import { testNginx } from "../../support/nginx.ts";
import { openSocket, openStream, type ProxyTarget } from "../../support/proxy-client.ts";
import { activity, type Behind, edgeOf, type Front, post } from "./contract.ts";

const HOST = "shop.example";
/** Activities whose events fill the buffers on the way. More are posted where kernels let these grow. */
const MANY = 300;
const AT_MOST = 900;
const LARGE = "x".repeat(50_000);

let gateway = "";
const fronts: Readonly<Record<string, (behind: Behind) => Promise<Front>>> = {
  nginx: async (behind) => {
    gateway = behind.gateway;
    const variables = {
      GATEWAY_ADDR: gateway,
      SITE_ADDR: behind.site,
      GATEWAY_RATE: "10000r/s",
      GATEWAY_BURST: "1000",
    };
    return { ...(await testNginx({ layout: "site", variables })), host: HOST };
  },
  HAProxy: async (behind) => {
    gateway = behind.gateway;
    return { ...(await testHaproxy("uri", { GATEWAY_ADDR: gateway, SITE_ADDR: behind.site })), host: HOST };
  },
};

const stuck: Socket[] = [];
afterAll(() => {
  for (const socket of stuck.splice(0)) socket.destroy();
});

/** Opens a stream or socket and stops reading after the response head. The connection stays open. */
async function silent({ port, key }: ProxyTarget, path: string, headers: readonly string[]): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  stuck.push(socket);
  socket.on("error", () => undefined);
  const head = [`GET ${path} HTTP/1.1`, `Host: ${HOST}`, `Authorization: Bearer ${key}`, ...headers];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString("latin1")).toMatch(/^HTTP\/1\.1 (200|101) /);
  socket.pause();
  return socket;
}

/** A figure of the gateway's own metrics; 0 where there is none yet. */
async function counted(series: string): Promise<number> {
  const text = await (await fetch(`http://${gateway}/gateway/metrics`)).text();
  return Number(
    text
      .split("\n")
      .find((line) => line.startsWith(`dragoman_${series}`))
      ?.split(" ")[1] ?? 0,
  );
}

describe.each(Object.keys(fronts))("stalled clients behind %s", (name) => {
  const { edge } = edgeOf(fronts[name] as (behind: Behind) => Promise<Front>);

  it("are disconnected when they do not read, while other listeners receive every event", {
    timeout: 120_000,
  }, async () => {
    const good = await openStream(edge(), "/gateway/events");
    await good.until(() => good.events.length > 0);
    const bad = await silent(edge(), "/gateway/events", ["Accept: text/event-stream"]);
    const rids: string[] = [];
    const slow = 'streams_closed_total{transport="sse",reason="slow"';
    while (rids.length < MANY || (rids.length < AT_MOST && (await counted(slow)) === 0))
      rids.push(await post(edge(), { ...activity(), object: { body: LARGE } }));
    // The reading listener receives every event, regardless of the stalled one.
    for (const rid of rids) await good.result(rid);
    expect(
      good
        .results()
        .filter((rid) => rids.includes(rid))
        .sort(),
    ).toEqual([...rids].sort());
    // Slow for 20 s at most, or a MiB behind.
    await vi.waitFor(async () => expect(await counted(slow)).toBe(1), { timeout: 60_000, interval: 200 });
    const ended = once(bad, "close");
    bad.resume();
    await ended;
    const late = await post(edge());
    await good.result(late);
    good.close();
  });

  it("are disconnected after an unanswered ping, while other sockets stay open", {
    timeout: 120_000,
  }, async () => {
    const good = await openSocket(edge(), "/gateway/socket");
    const handshake = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
    await silent(edge(), "/gateway/socket", [...handshake, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]);
    expect(await counted('streams{transport="socket"')).toBe(2);
    await vi.waitFor(async () => expect(await counted('streams{transport="socket"')).toBe(1), {
      timeout: 60_000,
      interval: 500,
    });
    expect(await counted('streams_closed_total{transport="socket",reason="slow"')).toBe(0);
    const submitted = activity();
    good.send(submitted);
    await good.until("result", submitted.rid);
    good.close();
  });
});
