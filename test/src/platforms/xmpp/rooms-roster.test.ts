import { xml } from "@xmpp/client";
import { beforeAll, describe, expect, it } from "vitest";
import { PROSODY_DOMAIN, PROSODY_ROOMS } from "../../../support/prosody.ts";
import { prosodyAccounts } from "../../../support/prosody-accounts.ts";
import { type XmppPeer, xmppPeer } from "../../../support/xmpp-peer.ts";

const ALICE = `alice@${PROSODY_DOMAIN}`;
const accounts = prosodyAccounts({ tls: false });
/** Number of accounts so far. Names of rooms contain it, so that each test has rooms of its own. */
let used = 0;
const bob: typeof accounts.connect = (options) => {
  used += 1;
  return accounts.connect(options);
};
let alice: XmppPeer;
beforeAll(() => {
  alice = accounts.alice();
});

const admin = (room: string, item: Record<string, string>) =>
  alice.request("set", xml("query", { xmlns: "http://jabber.org/protocol/muc#admin" }, xml("item", item)), room);
const configure = (room: string, fields: Readonly<Record<string, string>>) =>
  alice.request(
    "set",
    xml(
      "query",
      { xmlns: "http://jabber.org/protocol/muc#owner" },
      xml(
        "x",
        { xmlns: "jabber:x:data", type: "submit" },
        xml("field", { var: "FORM_TYPE" }, xml("value", {}, "http://jabber.org/protocol/muc#roomconfig")),
        ...Object.entries(fields).map(([name, value]) => xml("field", { var: name }, xml("value", {}, value))),
      ),
    ),
    room,
  );

describe("message verbs", () => {
  it.each(["a person", "a room"])("correct, answer, react to and retract a message to %s", async (to) => {
    const me = await bob();
    const room = `after${used}@${PROSODY_ROOMS}`;
    if (to === "a room") {
      await alice.join(room, "alice");
      await me.do("join", { target: [{ address: room }] });
    }
    const target = [{ address: to === "a room" ? room : ALICE }];
    const sent = await me.do("send", { target, object: { body: "helo", subject: "s" } });
    const known = String(sent.outcomes[0]?.id);
    const corrected = await me.do("update", { target, object: { id: known, body: "hello" } });
    const answered = await me.do("send", { target, object: { body: "again", inReplyTo: known } });
    const first = await me.do("react", { target, object: { id: known, content: "👍" } });
    const reacted = await me.do("react", { target, object: { id: known, content: "<" } });
    const unreacted = await me.do("unreact", { target, object: { id: known, content: "👍" } });
    expect(me.connectionContext.stored.reactions).toBe(JSON.stringify([[known, ["<"]]]));
    const cleared = await me.do("unreact", { target, object: { id: known } });
    const retracted = await me.do("delete", { target, object: { id: known } });
    for (const { outcomes } of [corrected, answered, first, reacted, unreacted, cleared, retracted])
      expect(outcomes).toMatchObject([{ status: "sent" }]);
    const at = (id: string) => alice.waitFor((stanza) => stanza.attrs.id === id);
    expect((await at(corrected.id)).getChild("replace")?.attrs.id).toBe(sent.id);
    expect((await at(answered.id)).getChild("reply")?.attrs.id).toBe(known);
    const sets = await Promise.all([first, reacted, unreacted, cleared].map(({ id }) => at(id)));
    const contents = sets.map((stanza) =>
      stanza
        .getChild("reactions")
        ?.getChildren("reaction")
        .map((reaction) => reaction.text()),
    );
    expect(contents).toEqual([["👍"], ["👍", "<"], ["<"], []]);
    expect((await at(retracted.id)).getChild("retract")?.attrs.id).toBe(known);
    await me.close();
  });

  it("are also the verbs of inbound messages", async () => {
    const me = await bob();
    const sendText = (id: string, ...children: ReturnType<typeof xml>[]) =>
      alice.send(xml("message", { to: me.address, type: "chat", id }, ...children));
    await sendText("m1", xml("body", {}, "helo"));
    await sendText("m2", xml("body", {}, "hello"), xml("replace", { xmlns: "urn:xmpp:message-correct:0", id: "m1" }));
    await sendText("m3", xml("reactions", { xmlns: "urn:xmpp:reactions:0", id: "m1" }, xml("reaction", {}, "👍")));
    await sendText(
      "m3b",
      xml(
        "reactions",
        { xmlns: "urn:xmpp:reactions:0", id: "m1" },
        xml("reaction", {}, "👍"),
        xml("reaction", {}, "🎉"),
      ),
    );
    await sendText("m3c", xml("reactions", { xmlns: "urn:xmpp:reactions:0", id: "m1" }, xml("reaction", {}, "🎉")));
    await sendText("m3d", xml("reactions", { xmlns: "urn:xmpp:reactions:0", id: "unknown" }));
    await sendText("m4", xml("retract", { xmlns: "urn:xmpp:message-retract:1", id: "m1" }));
    await sendText(
      "m5",
      xml("x", { xmlns: "jabber:x:conference", jid: `r@${PROSODY_ROOMS}`, reason: "come", password: "pw" }),
    );
    await sendText("m5b", xml("encrypted", "urn:xmpp:omemo:2"));
    await sendText("m5c", xml("x", "jabber:x:oob", xml("url", {}, "https://example.org/a.png")));
    await sendText("m6", xml("composing", "http://jabber.org/protocol/chatstates"));
    await sendText("m7", xml("body", {}, "re"), xml("reply", { xmlns: "urn:xmpp:reply:0", id: "m1", to: me.address }));
    await me.connectionContext.arrived(({ event }) => event.object.inReplyTo === "m1");
    expect(me.connectionContext.arrivals.map(({ event }) => [event.verb, event.object])).toEqual([
      ["send", { type: "message", id: "m1", body: "helo" }],
      ["update", { type: "message", id: "m1", body: "hello" }],
      ["react", { type: "reaction", id: "m1", content: "👍" }],
      ["react", { type: "reaction", id: "m1", content: "🎉" }],
      ["unreact", { type: "reaction", id: "m1", content: "👍" }],
      ["unreact", { type: "reaction", id: "unknown" }],
      ["delete", { type: "message", id: "m1" }],
      ["invite", { type: "room", address: `r@${PROSODY_ROOMS}`, reason: "come", password: "pw" }],
      ["send", { type: "message", id: "m5b", encrypted: true }],
      ["send", { type: "message", id: "m5c", attachments: [{ url: "https://example.org/a.png" }] }],
      ["typing", { state: "composing" }],
      ["send", { type: "message", id: "m7", body: "re", inReplyTo: "m1" }],
    ]);
    await me.close();
  });

  it("mark a message from the owner's other device as self", async () => {
    const me = await bob();
    const elsewhere = await xmppPeer(accounts.server().port, me.address.split("@")[0] ?? "", "phone");
    await elsewhere.send(xml("message", { to: ALICE, type: "chat", id: "p1" }, xml("body", {}, "from my phone")));
    const echoed = await me.connectionContext.arrived(({ event }) => event.object.body === "from my phone");
    expect(echoed.event).toMatchObject({
      self: true,
      context: { type: "direct", id: ALICE },
      actor: { address: me.address },
    });
    await elsewhere.close();
    await me.close();
  });

  it("send typing and read markers", async () => {
    const me = await bob();
    const target = [{ address: ALICE }];
    const typing = await me.do("typing", { target });
    await alice.waitFor((stanza) => stanza.attrs.id === typing.id && stanza.getChild("composing") !== undefined);
    const read = await me.do("read", { target, object: { id: "their-id" } });
    await alice.waitFor(
      (stanza) => stanza.attrs.id === read.id && stanza.getChild("displayed")?.attrs.id === "their-id",
    );
    await me.close();
  });
});

describe("rooms", () => {
  it("refuse a join with the reason, and a ban ends the membership", async () => {
    const room = `fort${used}@${PROSODY_ROOMS}`;
    const me = await bob();
    await alice.join(room, "alice");
    const join = async (object: object) => (await me.do("join", { target: [{ address: room }], object })).outcomes;
    expect(await join({ nick: "alice" })).toMatchObject([{ status: "failed", error: { code: "nick-in-use" } }]);
    await configure(room, { "muc#roomconfig_roomsecret": "key", "muc#roomconfig_passwordprotectedroom": "1" });
    expect(await join({})).toMatchObject([
      { status: "failed", error: { code: "room-refused", platformCode: "not-authorized" } },
    ]);
    expect(await join({ password: "key" })).toMatchObject([{ status: "sent" }]);
    expect(me.connectionContext.keptSecrets).toEqual({ [`room ${room}`]: "key" });
    expect(JSON.stringify(me.connectionContext.stored)).not.toContain("key");
    await me.close();

    const next = await bob({ address: me.address, stateOf: me.connectionContext });
    expect((await next.do("send", { target: [{ address: room }], object: { body: "in" } })).outcomes).toMatchObject([
      { status: "sent" },
    ]);
    await admin(room, { jid: me.address, affiliation: "outcast" });
    const gone = await next.connectionContext.arrived(({ event }) => event.verb === "leave");
    expect(gone.event).toMatchObject({ self: true, object: { cause: "banned" }, context: { type: "room", id: room } });
    expect(
      (await next.do("send", { target: [{ address: room }], context: { type: "room" }, object: { body: "x" } }))
        .outcomes,
    ).toMatchObject([{ status: "failed", error: { code: "not-in-room" } }]);
    expect(next.connectionContext.stored[`room ${room}`]).toBeUndefined();
    expect(await next.do("join", { target: [{ address: room }], object: { password: "key" } })).toMatchObject({
      outcomes: [{ status: "failed", error: { code: "room-refused", platformCode: "forbidden" } }],
    });
    await next.close();
  });

  it("that are destroyed name the room that takes their place", async () => {
    const room = `ruin${used}@${PROSODY_ROOMS}`;
    const me = await bob();
    await alice.join(room, "alice");
    await configure(room, {});
    await me.do("join", { target: [{ address: room }], object: {} });
    const details = [xml("password", {}, "key"), xml("reason", {}, "We moved.")];
    const destroy = xml("destroy", { jid: `new@${PROSODY_ROOMS}` }, ...details);
    await alice.request("set", xml("query", { xmlns: "http://jabber.org/protocol/muc#owner" }, destroy), room);
    const { event } = await me.connectionContext.arrived(({ event }) => event.verb === "leave" && event.self === true);
    expect(event.object).toEqual({
      type: "room",
      cause: "destroyed",
      reason: "We moved.",
      address: `new@${PROSODY_ROOMS}`,
      password: "key",
    });
    expect(me.connectionContext.stored[`room ${room}`]).toBeUndefined();
    await me.close();
  });

  it("report joins, leaves, new nicknames, kicks and topics, and answer queries", async () => {
    const room = `hall${used}@${PROSODY_ROOMS}`;
    const me = await bob();
    await alice.join(room, "alice");
    await me.do("join", { target: [{ address: room }], object: { nick: "me" } });
    const carl = await xmppPeer(accounts.server().port, "bob19");
    await carl.join(room, "carl");
    await me.connectionContext.arrived(({ event }) => event.verb === "join" && event.actor.name === "carl");
    await carl.send(xml("presence", { to: `${room}/karl` }));
    await me.connectionContext.arrived(({ event }) => event.verb === "update" && event.object.name === "karl");
    await admin(room, { nick: "karl", role: "none" });
    const kicked = await me.connectionContext.arrived(
      ({ event }) => event.verb === "leave" && event.actor.name === "karl",
    );
    expect(kicked.event).toMatchObject({ object: { cause: "kicked" }, context: { type: "room", id: room } });
    await alice.send(xml("message", { to: room, type: "groupchat" }, xml("subject", {}, "today")));
    await me.connectionContext.arrived(({ event }) => event.object.type === "topic" && event.object.body === "today");
    await configure(room, { "muc#roomconfig_changesubject": "1" });
    const topic = await me.do("update", { target: [{ address: room }], object: { type: "topic", body: "tomorrow" } });
    expect(topic.outcomes).toMatchObject([{ status: "sent" }]);
    const members = await me.do("query", { target: [{ address: room }], object: { type: "members" } });
    expect(members.object).toMatchObject({ type: "collection", total: 2 });
    expect(((members.object?.items ?? []) as Array<{ address: string }>).map(({ address }) => address).sort()).toEqual([
      `${room}/alice`,
      `${room}/me`,
    ]);
    expect((await me.do("observe", { target: [{ address: room }] })).object).toEqual(members.object);
    const info = await me.do("query", { target: [{ address: room }], object: { type: "room" } });
    expect(info.object?.items).toMatchObject([
      { type: "room", address: room, members: 2, xmpp: { archive: true, passwordProtected: false } },
    ]);
    const both = await me.do("query", { target: [{ address: room }, { address: room }], object: { type: "room" } });
    expect(both.object?.items).toMatchObject([
      { type: "collection", address: room, items: [{ address: room }] },
      { type: "collection", address: room },
    ]);
    const matching = await me.do("query", { object: { type: "rooms", match: `HALL${used - 1}*` } });
    expect(((matching.object?.items ?? []) as object[]).length).toBeGreaterThan(0);
    const page = await me.do("query", { object: { type: "rooms", limit: 1, after: "1" } });
    expect(page.object?.items).toHaveLength(1);
    const rooms = await me.do("query", { object: { type: "rooms" } });
    expect(((rooms.object?.items ?? []) as Array<{ address: string }>).map(({ address }) => address)).toContain(room);
    await carl.close();
    await me.close();
  });
});

describe("contacts", () => {
  it("are requested, approved, listed and removed, and their presence arrives", async () => {
    const me = await bob();
    const target = [{ address: ALICE }];
    await me.do("request-friend", { target, object: { body: "it is me" } });
    await alice.waitFor(
      (stanza) => stanza.is("presence") && stanza.attrs.type === "subscribe" && stanza.attrs.from === me.address,
    );
    await alice.send(xml("presence", { to: me.address, type: "subscribed" }));
    await me.connectionContext.arrived(({ event }) => event.verb === "make-friend" && event.actor.address === ALICE);
    await alice.send(xml("presence", { to: me.address, type: "subscribe" }, xml("status", {}, "and you?")));
    const friendRequest = await me.connectionContext.arrived(({ event }) => event.verb === "request-friend");
    expect(friendRequest.event).toMatchObject({ actor: { address: ALICE }, self: false });
    await me.do("make-friend", { target });
    await me.do("update", { object: { type: "presence", show: "away", status: "lunch" } });
    await alice.waitFor(
      (stanza) =>
        stanza.is("presence") &&
        stanza.getChildText("show") === "away" &&
        String(stanza.attrs.from).startsWith(me.address),
    );
    await alice.send(xml("presence", {}, xml("show", {}, "dnd")));
    await me.connectionContext.arrived(({ event }) => event.object.show === "dnd" && event.object.type === "presence");
    const contacts = await me.do("query", { object: { type: "contacts" } });
    expect(contacts.object?.items).toMatchObject([{ address: ALICE, relation: "friend" }]);
    expect((await me.do("remove-friend", { target })).outcomes).toMatchObject([{ status: "sent" }]);
    expect((await me.do("remove-friend", { target })).outcomes).toMatchObject([{ status: "sent" }]);
    expect((await me.do("query", { object: { type: "contacts" } })).object?.items).toEqual([]);
    await alice.send(xml("presence"));
    await me.close();
    const next = await bob({ address: me.address, stateOf: me.connectionContext });
    expect(next.connectionContext.stored.presence).toBe('{"show":"away","status":"lunch"}');
    await next.close();
  });
});

describe("fetch", () => {
  it("reads the archive of a person and of a room page by page", async () => {
    const me = await bob();
    const room = `diary${used}@${PROSODY_ROOMS}`;
    await me.do("join", { target: [{ address: room }] });
    for (const address of [ALICE, room])
      for (let n = 1; n <= 5; n += 1) await me.do("send", { target: [{ address }], object: { body: `n${n}` } });
    for (const address of [ALICE, room]) {
      const read = async (object: object) => {
        const { object: page } = await me.do("fetch", { target: [{ address }], object });
        const items = page?.items as Array<{ object: { body: string } }>;
        return { ...page, bodies: items.map(({ object }) => object.body) } as {
          bodies: string[];
          next?: string;
          previous?: string;
        };
      };
      const newest = await read({ limit: 2 });
      expect(newest.bodies).toEqual(["n4", "n5"]);
      const older = await read({ limit: 2, before: newest.previous });
      expect(older.bodies).toEqual(["n2", "n3"]);
      const on = await read({ limit: 2, after: older.previous });
      expect(on.bodies).toEqual(["n3", "n4"]);
      expect([newest.next, older.next === undefined]).toEqual([undefined, false]);
      const all = await read({ since: "2020-01-01T00:00:00Z", limit: 100 });
      expect([all.bodies.length, all.next]).toEqual([5, undefined]);
    }
    await me.close();
  });
});
