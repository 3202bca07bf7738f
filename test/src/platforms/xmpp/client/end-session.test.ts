import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { xmpp } from "../../../../../src/platforms/xmpp/platform.ts";
import { testConnectionContext } from "../../../../support/connection-context.ts";
import { type ScriptedXmpp, scriptedXmpp } from "../../../../support/scripted-xmpp.ts";

const ADDRESS = "bob@xmpp.test";
const LAST = `<message from='alice@xmpp.test/x' to='${ADDRESS}' id='m1'><body>just in time</body></message>`;
const AWAY = '<presence type="unavailable"';
const servers: ScriptedXmpp[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

/** Connects an account, and ends its session as a move to another worker does. */
async function endedSession(
  script: { readonly counting?: boolean; readonly on: (text: string, socket: Socket) => boolean },
  xmppEndMs = 10_000,
) {
  const server = await scriptedXmpp(script);
  servers.push(server);
  const platform = xmpp({ xmppTimeouts: { loginMs: 10_000, responseMs: 10_000, keepaliveMs: 60_000 }, xmppEndMs });
  const credentials = { host: "127.0.0.1", port: server.port, tls: "none", password: "pw" };
  const context = testConnectionContext({ address: ADDRESS, credentials });
  const client = await platform.connect?.(context as never);
  context.abort();
  await platform.dispose?.(client);
  return { bodies: context.arrivals.map(({ event }) => event.object.body), received: server.received };
}

describe("the end of a session", () => {
  it("records what the server sent before it knew", async () => {
    const { bodies, received } = await endedSession({
      on: (text, socket) => {
        if (text.includes(AWAY)) socket.write(LAST);
        return false;
      },
    });
    expect(bodies).toEqual(["just in time"]);
    await expect.poll(received).toMatch(/<\/stream:stream>$/);
  });

  it("acknowledges what was recorded, where stanzas are counted", async () => {
    let sent = 0;
    const { bodies, received } = await endedSession({
      counting: true,
      on: (text, socket) => {
        // Stanzas are counted from <enable/> on.
        if (text.includes("<enable ")) sent = 0;
        else sent += text.match(/<(?:iq|presence|message)[ >]/g)?.length ?? 0;
        if (text.includes(AWAY)) socket.write(LAST);
        if (text.includes("<r ")) socket.write(`<a xmlns='urn:xmpp:sm:3' h='${sent}'/>`);
        return false;
      },
    });
    expect(bodies).toEqual(["just in time"]);
    await expect.poll(received).toMatch(/<a xmlns='urn:xmpp:sm:3' h='[1-9]\d*'\/><\/stream:stream>$/);
  });

  it("stays orderly when a message asks for a receipt that can no longer be sent", async () => {
    const asking = LAST.replace("</message>", "<request xmlns='urn:xmpp:receipts'/></message>");
    const { bodies, received } = await endedSession({
      on: (text, socket) => {
        if (text.includes(AWAY)) socket.write(asking);
        return false;
      },
    });
    expect(bodies).toEqual(["just in time"]);
    await expect.poll(received).toMatch(/<\/stream:stream>$/);
  });

  it("comes also where the server is silent", async () => {
    const { bodies, received } = await endedSession({ on: (text) => text.includes(AWAY) }, 50);
    expect(bodies).toEqual([]);
    await expect.poll(received).toMatch(/<\/stream:stream>$/);
  });
});
