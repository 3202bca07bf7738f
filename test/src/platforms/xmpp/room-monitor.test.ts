import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { xmpp } from "../../../../src/platforms/xmpp/platform.ts";
import { testConnectionContext } from "../../../support/connection-context.ts";
import { runVerb } from "../../../support/run-verb.ts";
import { type ScriptedXmpp, scriptedXmpp } from "../../../support/scripted-xmpp.ts";

const ROOM = "garden@rooms.test";
const ADDRESS = "bob@xmpp.test";
const servers: ScriptedXmpp[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

const ENTERED = `<presence from='${ROOM}/bob'><x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x></presence>`;
const refused = (id: string, condition: string, type = "cancel") =>
  `<iq type='error' id='${id}' from='${ROOM}/bob'><error type='${type}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`;

/** An account in a room; `ping` answers each self-ping, `join` each join presence. */
async function inRoom(script: {
  readonly ping: (count: number) => string;
  readonly join?: (count: number) => string;
  readonly onText?: (text: string, socket: Socket) => boolean;
}) {
  let pings = 0;
  let joins = 0;
  const server = await scriptedXmpp({
    on: (text, socket) => {
      if (script.onText?.(text, socket)) return true;
      if (text.includes("http://jabber.org/protocol/muc'") || text.includes('http://jabber.org/protocol/muc"')) {
        joins += 1;
        socket.write(script.join?.(joins) ?? ENTERED);
        return true;
      }
      const id =
        /<iq[^>]* id="([^"]+)"[^>]*>(?=<ping)/.exec(text)?.[1] ?? /<iq[^>]* id="([^"]+)".*<ping/.exec(text)?.[1];
      if (id === undefined) return false;
      pings += 1;
      const condition = script.ping(pings);
      socket.write(condition === "" ? `<iq type='result' id='${id}' from='${ROOM}/bob'/>` : refused(id, condition));
      return true;
    },
  });
  servers.push(server);
  const platform = xmpp({
    xmppSelfPingMs: 50,
    xmppRetryMs: 50,
    xmppTimeouts: { loginMs: 2_000, responseMs: 1_000, keepaliveMs: 60_000 },
  });
  const connectionContext = testConnectionContext({
    address: ADDRESS,
    credentials: { host: "127.0.0.1", port: server.port, tls: "none", password: "pw" },
  });
  const client = await platform.connect?.(connectionContext as never);
  await runVerb(platform, client, { verb: "join", actor: { address: ADDRESS }, target: [{ address: ROOM }] });
  return { connectionContext, platform, client, server, pings: () => pings, joins: () => joins };
}

describe("a silent room", () => {
  it("is pinged, and left alone while the account is in it", async () => {
    const { connectionContext, pings, joins, platform, client } = await inRoom({
      ping: (count) => (count % 2 === 0 ? "" : "service-unavailable"),
    });
    await expect.poll(pings).toBeGreaterThan(3);
    expect(joins()).toBe(1);
    expect(connectionContext.arrivals).toEqual([]);
    await platform.dispose?.(client);
  });

  it("that lost the account is joined again, with one event", async () => {
    const { connectionContext, joins, platform, client } = await inRoom({
      ping: (count) => (count === 1 ? "not-acceptable" : ""),
    });
    const { event } = await connectionContext.arrived(({ event: { verb, self } }) => verb === "join" && self === true);
    expect(event).toMatchObject({ context: { type: "room", id: ROOM }, object: { type: "room" } });
    expect(joins()).toBe(2);
    expect(connectionContext.arrivals).toHaveLength(1);
    await platform.dispose?.(client);
  });

  it("that cannot be joined yet is reported once, and retried until the join succeeds", async () => {
    const unreachable = `<presence type='error' from='${ROOM}/bob'><error type='wait'><remote-server-timeout xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>`;
    const { connectionContext, platform, client } = await inRoom({
      ping: (count) => (count <= 3 ? "remote-server-timeout" : ""),
      join: (count) => (count === 2 || count === 3 ? unreachable : ENTERED),
    });
    await connectionContext.arrived(({ event: { verb } }) => verb === "join");
    expect(connectionContext.arrivals.map(({ event: { verb, object } }) => [verb, object.cause])).toEqual([
      ["leave", "shutdown"],
      ["join", undefined],
    ]);
    await platform.dispose?.(client);
  });

  it("that bans the account is left permanently, with the reason", async () => {
    const banned = `<presence type='error' from='${ROOM}/bob'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>`;
    const { connectionContext, platform, client } = await inRoom({
      ping: () => "not-acceptable",
      join: (count) => (count === 1 ? ENTERED : banned),
    });
    const { event } = await connectionContext.arrived(({ event: { verb } }) => verb === "leave");
    expect(event).toMatchObject({ object: { cause: "refused" }, self: true });
    await expect.poll(() => connectionContext.stored[`room ${ROOM}`]).toBeUndefined();
    await platform.dispose?.(client);
  });
});

describe("a message", () => {
  it("refused by a room that lost the account is retried, and the room is joined again", async () => {
    let sends = 0;
    const { platform, client, joins } = await inRoom({
      ping: () => "not-acceptable",
      onText: (text, socket) => {
        const id = /<message[^>]* id="([^"]+)"/.exec(text)?.[1];
        if (id === undefined) return false;
        sends += 1;
        socket.write(
          `<message type='error' id='${id}' from='${ROOM}'><error type='modify'><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`,
        );
        return true;
      },
    });
    const { outcomes } = await runVerb(platform, client, {
      verb: "send",
      actor: { address: ADDRESS },
      target: [{ address: ROOM }],
      object: { body: "hello" },
    });
    expect(outcomes).toMatchObject([{ status: "deferred", error: { code: "platform-unavailable" } }]);
    expect(sends).toBe(1);
    await expect.poll(joins).toBeGreaterThan(1);
    await platform.dispose?.(client);
  });

  it("that is too long for the server fails without a retry", async () => {
    const { platform, client, connectionContext } = await inRoom({
      ping: () => "",
      onText: (text, socket) => {
        if (!text.includes("<message")) return false;
        socket.write(
          "<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
        );
        return true;
      },
    });
    const { outcomes } = await runVerb(platform, client, {
      verb: "send",
      actor: { address: ADDRESS },
      target: [{ address: "alice@xmpp.test" }],
      object: { body: "x".repeat(12_000) },
    });
    expect(outcomes).toMatchObject([{ status: "failed", error: { code: "content-too-large" } }]);
    expect(platform.classifyError(await connectionContext.ended)).toMatchObject({ kind: "retryable" });
    await platform.dispose?.(client);
  });
});
