import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { xmpp } from "../../../../src/platforms/xmpp/platform.ts";
import { testConnectionContext } from "../../../support/connection-context.ts";
import { runVerb } from "../../../support/run-verb.ts";
import { type ScriptedXmpp, scriptedXmpp } from "../../../support/scripted-xmpp.ts";

const ADDRESS = "bob@xmpp.test";
const ROOM = "garden@rooms.test";
const servers: ScriptedXmpp[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function account(
  on: (text: string, socket: Socket) => boolean,
  kept: Readonly<Record<string, string>>,
  after?: (socket: Socket) => void,
) {
  const server = await scriptedXmpp({ on, ...(after ? { after } : {}) });
  servers.push(server);
  const timeouts = { loginMs: 10_000, responseMs: 300, keepaliveMs: 60_000 };
  const platform = xmpp({ xmppTimeouts: timeouts, xmppRetryMs: 50 });
  const context = testConnectionContext({
    address: ADDRESS,
    credentials: { host: "127.0.0.1", port: server.port, tls: "none", password: "pw" },
  });
  Object.assign(context.stored, kept);
  const client = await platform.connect?.(context as never);
  return { platform, context, client, close: async () => platform.dispose?.(client) };
}

describe("an archive that never answers", () => {
  const message = (id: string, body: string, more = "") =>
    `<message from='alice@xmpp.test/x' to='${ADDRESS}' id='m-${id}'><body>${body}</body>${more}</message>`;
  const archived = (query: string, id: string, body: string) =>
    `<message><result xmlns='urn:xmpp:mam:2' queryid='${query}' id='${id}'><forwarded xmlns='urn:xmpp:forward:0'>${message(id, body)}</forwarded></result></message>`;

  it("does not keep the account offline, is reported once, and is read when it answers", async () => {
    let queries = 0;
    const silentUntilFourth = (text: string, socket: Socket): boolean => {
      const [, id = ""] = /<iq[^>]* id="([^"]+)"[^>]*><query xmlns="urn:xmpp:mam:2"/.exec(text) ?? [];
      if (id === "") return false;
      queries += 1;
      if (queries === 1)
        socket.write(message("3", "live", `<stanza-id xmlns='urn:xmpp:sid:0' by='${ADDRESS}' id='a3'/>`));
      if (queries < 4) return true;
      const [, query = ""] = /queryid="([^"]+)"/.exec(text) ?? [];
      const set = "<set xmlns='http://jabber.org/protocol/rsm'><last>a3</last></set>";
      const fin = `<fin xmlns='urn:xmpp:mam:2' complete='true'>${set}</fin>`;
      const page = `${archived(query, "a2", "missed")}${archived(query, "a3", "live")}`;
      socket.write(`${page}<iq type='result' id='${id}'>${fin}</iq>`);
      return true;
    };
    const { context, close } = await account(silentUntilFourth, { archive: "a1" });
    await context.arrived(({ event }) => event.object.body === "live");
    expect(context.stored.archive).toBe("a1");
    await context.arrived(({ event }) => event.object.body === "missed");
    await expect.poll(() => context.problems.map((problem) => problem?.code)).toEqual(["platform-timeout", undefined]);
    expect(context.arrivals.map(({ event }) => event.object.body)).toEqual(["live", "missed"]);
    expect(context.stored.archive).toMatch(/^a3\n@/);
    await close();
  });
});

describe("a room that does not let the account in after a reconnect", () => {
  const entered = `<presence from='${ROOM}/bob'><x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x></presence>`;
  const refused = (condition: string) =>
    `<presence type='error' from='${ROOM}/bob'><error type='cancel'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>`;
  const joining = (answers: readonly string[]) => {
    let joins = 0;
    return (text: string, socket: Socket): boolean => {
      if (!/<presence [^>]*to="garden@rooms.test\/bob/.test(text)) return false;
      const answer = answers[joins++] ?? entered;
      if (answer !== "") socket.write(answer);
      return true;
    };
  };

  it.each([
    ["does not answer", ""],
    ["is full", refused("service-unavailable")],
    ["is on a server that is away", refused("remote-server-not-found")],
    ["is unknown for the moment", refused("item-not-found")],
  ])("holds up nothing when it %s, and is joined later", async (_why, answer) => {
    const { context, client, platform, close } = await account(joining([answer]), { [`room ${ROOM}`]: "bob" });
    const left = await context.arrived(({ event }) => event.verb === "leave");
    expect(left.event.object).toMatchObject({ type: "room", cause: "shutdown" });
    await context.arrived(({ event }) => event.verb === "join" && event.self === true);
    expect(context.stored[`room ${ROOM}`]).toBe("bob");
    expect(context.arrivals).toHaveLength(2);
    const typing = { verb: "typing", actor: { address: ADDRESS }, target: [{ address: ROOM }], object: {} };
    expect((await runVerb(platform, client, typing)).outcomes).toMatchObject([{ status: "sent" }]);
    await close();
  });

  it.each(["forbidden", "registration-required", "not-authorized"])(
    "is forgotten when it refuses for good (%s)",
    async (condition) => {
      const { context, close } = await account(joining([refused(condition)]), { [`room ${ROOM}`]: "bob" });
      const { event } = await context.arrived(({ event }) => event.verb === "leave");
      expect(event.object).toMatchObject({ cause: "refused" });
      expect(context.stored).not.toHaveProperty([`room ${ROOM}`]);
      await close();
    },
  );
});
