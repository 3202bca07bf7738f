import { xml } from "@xmpp/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { xmpp } from "../../../../src/platforms/xmpp/platform.ts";
import { type TestConnectionContext, testConnectionContext } from "../../../support/connection-context.ts";
import { testEjabberd } from "../../../support/ejabberd.ts";
import { PROSODY_DOMAIN, PROSODY_ROOMS, type TestXmppServer, testProsody } from "../../../support/prosody.ts";
import { runVerb } from "../../../support/run-verb.ts";
import { type XmppPeer, xmppPeer } from "../../../support/xmpp-peer.ts";

const platform = xmpp();
/** Servers as Debian ships them. No archive; new rooms stay locked until they are configured. */
const SERVERS: ReadonlyArray<readonly [string, (users: readonly string[]) => Promise<TestXmppServer>]> = [
  ["Prosody", (users) => testProsody(users, { archive: false, locking: true })],
  ["ejabberd", (users) => testEjabberd(users, { archive: false })],
];

describe.each(SERVERS)("%s as Debian ships it", (_name, start) => {
  let server: TestXmppServer;
  let alice: XmppPeer;
  let carol: XmppPeer;
  const users = Array.from({ length: 20 }, (_, index) => `bob${index}`);
  let used = 0;

  beforeAll(async () => {
    server = await start(["alice", "carol", ...users]);
    alice = await xmppPeer(server.peerPort, "alice");
    carol = await xmppPeer(server.peerPort, "carol");
  });
  afterAll(async () => {
    await alice?.close();
    await carol?.close();
    await server?.stop();
  });

  async function account(after?: TestConnectionContext) {
    const user = after ? (after.address.split("@")[0] ?? "") : `bob${used++}`;
    const connectionContext = testConnectionContext({
      address: `${user}@${PROSODY_DOMAIN}`,
      credentials: { host: "127.0.0.1", port: server.peerPort, tls: "none", password: `${user}-pw` },
      ...(after ? { stateOf: after } : {}),
    });
    const client = await platform.connect?.(connectionContext as never);
    const actor = { address: connectionContext.address };
    return {
      connectionContext,
      address: connectionContext.address,
      do: (verb: string, address: string, object: object = {}) =>
        runVerb(platform, client, { verb, actor, target: [{ address }], object: { ...object } }),
      close: async () => platform.dispose?.(client),
    };
  }
  const bodiesOf = ({ arrivals }: TestConnectionContext) => arrivals.flatMap(({ event }) => event.object.body ?? []);
  const direct = (to: string, id: string, body: string) =>
    alice.send(xml("message", { to, type: "chat", id }, xml("body", {}, body)));
  const toRoom = (room: string, id: string, body: string, ...children: ReturnType<typeof xml>[]) =>
    alice.send(xml("message", { to: room, type: "groupchat", id }, xml("body", {}, body), ...children));

  describe("live messages", () => {
    it("are all recorded, even with a reused id", async () => {
      const bob = await account();
      for (const body of ["one", "two", "two"]) await direct(bob.address, "sess_1", body);
      await direct(bob.address, "last", "last");
      await bob.connectionContext.arrived(({ event }) => event.object.body === "last");
      expect(bodiesOf(bob.connectionContext)).toEqual(["one", "two", "two", "last"]);
      await bob.close();
    });

    it("of a room are all recorded, even with a reused id", async () => {
      const bob = await account();
      const room = `ids@${PROSODY_ROOMS}`;
      await bob.do("join", room);
      await alice.join(room, "alice");
      for (const body of ["one", "two", "two", "last"]) await toRoom(room, "1", body);
      await bob.connectionContext.arrived(({ event }) => event.object.body === "last");
      expect(bodiesOf(bob.connectionContext)).toEqual(["one", "two", "two", "last"]);
      await bob.close();
    });
  });

  describe("a room that the account creates", () => {
    it("is unlocked: others can enter", async () => {
      const bob = await account();
      const room = `new@${PROSODY_ROOMS}`;
      expect((await bob.do("join", room)).outcomes).toEqual([{ address: room, status: "sent" }]);
      await alice.join(room, "alice");
      await bob.connectionContext.arrived(({ event }) => event.verb === "join" && event.actor.name === "alice");
      await bob.close();
    });
  });

  describe("a room without an archive", () => {
    it.each([
      ["in step with ours", 0],
      ["five minutes behind ours", 300_000],
    ])("reports messages of the meantime once, with a clock %s", async (_what, skewMs) => {
      const bob = await account();
      const room = `skew${skewMs}@${PROSODY_ROOMS}`;
      await bob.do("join", room);
      await alice.join(room, "alice");
      await toRoom(room, "n1", "before");
      await bob.connectionContext.arrived(({ event }) => event.object.body === "before");
      await bob.close();
      await toRoom(room, "n2", "meanwhile");
      await alice.waitFor((stanza) => stanza.getChildText("body") === "meanwhile");
      const [time = "", ...digests] = (bob.connectionContext.stored[`archive ${room}`] ?? "").split(" ");
      const skewed = new Date(Date.parse(time.slice(1)) + skewMs).toISOString();
      bob.connectionContext.stored[`archive ${room}`] = [`@${skewed}`, ...digests].join(" ");
      const next = await account(bob.connectionContext);
      await toRoom(room, "n3", "after");
      await next.connectionContext.arrived(({ event }) => event.object.body === "after");
      expect(bodiesOf(next.connectionContext)).toEqual(["meanwhile", "after"]);
      await next.close();
      const again = await account(next.connectionContext);
      await toRoom(room, "n4", "at last");
      await again.connectionContext.arrived(({ event }) => event.object.body === "at last");
      expect(bodiesOf(again.connectionContext)).toEqual(["at last"]);
      await again.close();
    });

    it("ignores an archive id set by an occupant", async () => {
      const bob = await account();
      const room = `forged@${PROSODY_ROOMS}`;
      await bob.do("join", room);
      await alice.join(room, "alice");
      await toRoom(room, "f1", "forged", xml("stanza-id", { xmlns: "urn:xmpp:sid:0", by: room, id: "fake" }));
      await bob.connectionContext.arrived(({ event }) => event.object.body === "forged");
      expect(bob.connectionContext.stored[`archive ${room}`]).toMatch(/^@20/);
      await bob.close();
    });
  });

  describe("receipts", () => {
    const marker = (to: string, id: string, type = "chat") =>
      xml("message", { to, type }, xml("displayed", { xmlns: "urn:xmpp:chat-markers:0", id }));

    it("count only from the recipient of the message", async () => {
      const bob = await account();
      const sent = await bob.do("send", `alice@${PROSODY_DOMAIN}`, { body: "hello" });
      const message = await alice.waitFor(({ attrs }) => attrs.id === sent.id);
      await carol.send(marker(String(message.attrs.from), sent.id));
      await carol.send(
        xml(
          "message",
          { to: message.attrs.from, type: "error", id: sent.id },
          xml("error", { type: "cancel" }, xml("item-not-found", "urn:ietf:params:xml:ns:xmpp-stanzas")),
        ),
      );
      await carol.request("get", xml("ping", { xmlns: "urn:xmpp:ping" }), PROSODY_DOMAIN);
      await alice.send(marker(String(message.attrs.from), sent.id));
      await bob.connectionContext.reported(({ status }) => status === "read");
      expect(bob.connectionContext.reports).toEqual([
        { id: sent.id, status: "read", target: `alice@${PROSODY_DOMAIN}` },
      ]);
      await bob.close();
    });

    it("of a room's occupants are ignored", async () => {
      const bob = await account();
      const room = `marks@${PROSODY_ROOMS}`;
      await bob.do("join", room, { nick: "bob" });
      await alice.join(room, "alice");
      const sent = await bob.do("send", room, { body: "hello room" });
      await alice.waitFor((stanza) => stanza.getChildText("body") === "hello room");
      await alice.send(marker(room, sent.id, "groupchat"));
      await alice.send(marker(`${room}/bob`, sent.id));
      await toRoom(room, "end", "the end");
      await bob.connectionContext.arrived(({ event }) => event.object.body === "the end");
      expect(bob.connectionContext.reports).toEqual([]);
      await bob.close();
    });
  });

  describe("persons of a room", () => {
    it("are invited and kicked with a reason", async () => {
      const bob = await account();
      const room = `door@${PROSODY_ROOMS}`;
      await bob.do("join", room, { nick: "bob" });
      await bob.do("invite", `alice@${PROSODY_DOMAIN}`, { address: room, reason: "come in", password: "pw" });
      const invitation = await alice.waitFor(
        (stanza) => stanza.getChild("x", "jabber:x:conference")?.attrs.jid === room,
      );
      expect(invitation.getChild("x", "jabber:x:conference")?.attrs).toMatchObject({
        reason: "come in",
        password: "pw",
      });
      await alice.join(room, "alice");
      expect((await bob.do("kick", room, { address: `${room}/alice`, reason: "enough" })).outcomes).toEqual([
        { address: room, status: "sent" },
      ]);
      const left = await bob.connectionContext.arrived(({ event }) => event.verb === "leave");
      expect(left.event).toMatchObject({
        actor: { address: `${room}/alice` },
        object: { type: "room", cause: "kicked", reason: "enough" },
        self: false,
      });
      await bob.close();
    });
  });

  describe("persons who write", () => {
    it("are reported while they do, in a room with their nickname", async () => {
      const bob = await account();
      const room = `typing@${PROSODY_ROOMS}`;
      await bob.do("join", room, { nick: "bob" });
      await alice.join(room, "alice");
      const chatState = (state: string) => xml(state, { xmlns: "http://jabber.org/protocol/chatstates" });
      await alice.send(xml("message", { to: bob.address, type: "chat" }, chatState("composing")));
      await alice.send(xml("message", { to: bob.address, type: "chat" }, chatState("paused")));
      await alice.send(xml("message", { to: room, type: "groupchat" }, chatState("composing")));
      await bob.connectionContext.arrived(({ event }) => event.verb === "typing" && event.context?.type === "room");
      expect(
        bob.connectionContext.arrivals
          .filter(({ event }) => event.verb === "typing")
          .map(({ event: { actor, object, context } }) => [actor.address, object, context]),
      ).toEqual([
        [`alice@${PROSODY_DOMAIN}`, { state: "composing" }, { type: "direct", id: `alice@${PROSODY_DOMAIN}` }],
        [`alice@${PROSODY_DOMAIN}`, { state: "paused" }, { type: "direct", id: `alice@${PROSODY_DOMAIN}` }],
        [`${room}/alice`, { state: "composing" }, { type: "room", id: room }],
      ]);
      await bob.close();
    });
  });

  describe("the members of a room", () => {
    it("are listed with their roles", async () => {
      const bob = await account();
      const room = `roles@${PROSODY_ROOMS}`;
      await bob.do("join", room, { nick: "bob" });
      await alice.join(room, "alice");
      await bob.connectionContext.arrived(({ event }) => event.verb === "join" && event.actor.name === "alice");
      const { object } = await bob.do("query", room, { type: "members" });
      expect(object?.items).toEqual(
        expect.arrayContaining([
          { address: `${room}/bob`, name: "bob", role: "owner" },
          { address: `${room}/alice`, name: "alice" },
        ]),
      );
      await bob.close();
    });
  });

  describe("a friend request", () => {
    it("that comes again after it was rejected is reported again", async () => {
      const bob = await account();
      const ask = () => alice.send(xml("presence", { to: bob.address, type: "subscribe" }));
      const requests = () => bob.connectionContext.arrivals.filter(({ event }) => event.verb === "request-friend");
      await ask();
      await bob.connectionContext.arrived(({ event }) => event.verb === "request-friend");
      await bob.do("reject-friend", `alice@${PROSODY_DOMAIN}`);
      await ask();
      await expect.poll(() => requests().length).toBe(2);
      await bob.close();
    });
  });
});
