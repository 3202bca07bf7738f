import { xml } from "@xmpp/client";
import { beforeAll, describe, expect, it } from "vitest";
import { PROSODY_DOMAIN, PROSODY_ROOMS } from "../../../support/prosody.ts";
import { prosodyAccounts } from "../../../support/prosody-accounts.ts";
import { runVerb } from "../../../support/run-verb.ts";
import type { XmppPeer } from "../../../support/xmpp-peer.ts";

const ALICE = `alice@${PROSODY_DOMAIN}`;
const accounts = prosodyAccounts({ tls: true });
const { platform, connect: bob } = accounts;
let alice: XmppPeer;
beforeAll(() => {
  alice = accounts.alice();
});

describe("messages", () => {
  it("are sent and received with receipts both ways, over STARTTLS", async () => {
    const me = await bob();
    const sent = await me.do("send", { target: [{ address: ALICE }], object: { body: "Grüße <&> 🎉" } });
    expect(sent.outcomes).toEqual([{ address: ALICE, status: "sent", id: sent.id }]);
    expect(sent.commits).toBe(1);
    const there = await alice.waitFor((stanza) => stanza.attrs.id === sent.id);
    expect(there.getChildText("body")).toBe("Grüße <&> 🎉");
    expect(there.getChild("origin-id")?.attrs.id).toBe(sent.id);
    await alice.send(
      xml(
        "message",
        { to: there.attrs.from, type: "chat" },
        xml("received", { xmlns: "urn:xmpp:receipts", id: sent.id }),
      ),
    );
    await alice.send(
      xml(
        "message",
        { to: there.attrs.from, type: "chat" },
        xml("displayed", { xmlns: "urn:xmpp:chat-markers:0", id: sent.id }),
      ),
    );
    await me.connectionContext.reported(({ status }) => status === "read");
    expect(me.connectionContext.reports).toEqual([
      { id: sent.id, status: "delivered", target: ALICE },
      { id: sent.id, status: "read", target: ALICE },
    ]);

    await alice.send(
      xml(
        "message",
        { to: me.address, type: "chat", id: "a1" },
        xml("body", {}, "hello 🎉"),
        xml("request", "urn:xmpp:receipts"),
      ),
    );
    const arrival = await me.connectionContext.arrived(({ event }) => event.object.body === "hello 🎉");
    expect(arrival.event).toMatchObject({
      platform: "xmpp",
      verb: "send",
      actor: { address: ALICE, id: alice.jid },
      target: [{ address: me.address }],
      object: { type: "message", id: "a1", body: "hello 🎉" },
      context: { type: "direct", id: ALICE },
      self: false,
    });
    const receipt = await alice.waitFor(
      (stanza) => stanza.getChild("received", "urn:xmpp:receipts")?.attrs.id === "a1",
    );
    expect(receipt.attrs.from).toContain(me.address);
    await me.close();
  });

  it("carry HTML and Markdown as Message Styling, and arrive as HTML from Styling and XHTML-IM", async () => {
    const me = await bob();
    const target = [{ address: ALICE }];
    const html = '<p>a <b>big</b> <a href="https://a.example/">site</a></p>';
    const { id } = await me.do("send", { target, object: { html } });
    const there = await alice.waitFor((stanza) => stanza.attrs.id === id);
    expect(there.getChildText("body")).toBe("a *big* site (https://a.example/)");
    const change = await me.do("update", { target, object: { id, markdown: "_so_ `code`" } });
    const corrected = await alice.waitFor((stanza) => stanza.attrs.id === change.id);
    expect(corrected.getChildText("body")).toBe("_so_ `code`");

    const sendText = (text: string, ...more: ReturnType<typeof xml>[]) =>
      alice.send(xml("message", { to: me.address, type: "chat" }, xml("body", {}, text), ...more));
    const arrived = async (text: string) =>
      (await me.connectionContext.arrived(({ event }) => event.object.body === text)).event.object;
    await sendText("a *big* thing");
    expect(await arrived("a *big* thing")).toMatchObject({ html: "<p>a <strong>big</strong> thing</p>" });
    await sendText("no *signs*", xml("unstyled", { xmlns: "urn:xmpp:styling:0" }));
    expect(await arrived("no *signs*")).not.toHaveProperty("html");
    const rich = xml("p", {}, "x ", xml("strong", {}, "y"), xml("script", {}, "z()"));
    const body = xml("body", { xmlns: "http://www.w3.org/1999/xhtml" }, rich);
    await sendText("x y", xml("html", { xmlns: "http://jabber.org/protocol/xhtml-im" }, body));
    expect(await arrived("x y")).toMatchObject({ html: "<p>x <strong>y</strong></p>" });
    await me.close();
  });

  it("carry an attachment by its address, with a text or alone", async () => {
    const me = await bob();
    const target = [{ address: ALICE }];
    const attachments = [{ name: "plan.pdf", url: "https://a.example/plan.pdf" }];
    for (const [object, body] of [
      [{ attachments }, "https://a.example/plan.pdf"],
      [{ body: "The plan:", attachments }, "The plan:\nhttps://a.example/plan.pdf"],
    ] as const) {
      const { id } = await me.do("send", { target, object });
      const there = await alice.waitFor((stanza) => stanza.attrs.id === id);
      expect(there.getChildText("body")).toBe(body);
      expect(there.getChild("x", "jabber:x:oob")?.getChildText("url")).toBe("https://a.example/plan.pdf");
    }
    await me.close();
  });

  it.each([
    ["send", { html: "a&#1;b" }, "/object/html"],
    ["send", { markdown: "x".repeat(32_769) }, "/object/markdown"],
    ["update", { id: "1" }, "/object"],
  ])("that no stanza could carry are refused: %s of %o", (verb, object, pointer) => {
    const activity = { platform: "xmpp", verb, actor: { address: ALICE }, target: [], object };
    expect(platform.validate?.(verb, activity)).toMatchObject({ code: "validation-failed", pointer });
  });

  it("to an unknown recipient fail, beside a message that arrives", async () => {
    const me = await bob();
    const sent = await me.do("send", {
      target: [{ address: `nobody@${PROSODY_DOMAIN}` }, { address: ALICE }],
      object: { body: "x" },
    });
    expect(sent.outcomes).toMatchObject([
      { status: "failed", error: { code: "recipient-unknown", platformCode: "service-unavailable" } },
      { status: "sent", id: `${sent.id}.1` },
    ]);
    await me.close();
  });

  it("sent while the account was offline are recorded once by the next owner", async () => {
    const first = await bob();
    await alice.send(xml("message", { to: first.address, type: "chat", id: "before" }, xml("body", {}, "before")));
    await first.connectionContext.arrived(({ event }) => event.object.body === "before");
    await first.do("send", { target: [{ address: ALICE }], object: { body: "mine" } });
    await first.close();
    for (let n = 0; n < 120; n += 1)
      await alice.send(xml("message", { to: first.address, type: "chat", id: `w${n}` }, xml("body", {}, `while ${n}`)));
    await alice.request("get", xml("ping", { xmlns: "urn:xmpp:ping" }), PROSODY_DOMAIN);
    const second = await bob({ address: first.address, stateOf: first.connectionContext });
    await alice.send(xml("message", { to: first.address, type: "chat", id: "after" }, xml("body", {}, "after")));
    await second.connectionContext.arrived(({ event }) => event.object.body === "after");
    expect(second.connectionContext.arrivals.flatMap(({ event }) => event.object.body ?? [])).toEqual([
      ...Array.from({ length: 120 }, (_, n) => `while ${n}`),
      "after",
    ]);
    await second.close();
  });
});

describe("rooms", () => {
  it("are joined, used, left, and joined again by the next owner", async () => {
    const room = `garden@${PROSODY_ROOMS}`;
    const me = await bob();
    await alice.join(room, "alice");
    let state: unknown;
    const joined = await runVerb(
      platform,
      me.client,
      { verb: "join", actor: me.actor, target: [{ address: room }], object: { nick: "bobby" } },
      {
        setDesiredOnline: async (isOnline) => {
          state = isOnline;
        },
      },
    );
    expect(joined.outcomes).toEqual([{ address: room, status: "sent" }]);
    expect(state).toBe(true);
    expect(me.connectionContext.stored[`room ${room}`]).toBe("bobby");
    const sent = await me.do("send", { target: [{ address: room }], object: { body: "hello room" } });
    expect(sent.outcomes).toMatchObject([{ status: "sent" }]);
    const echoed = await me.connectionContext.arrived(({ event }) => event.object.body === "hello room");
    expect(echoed.event).toMatchObject({
      self: true,
      context: { type: "room", id: room },
      object: { id: sent.outcomes[0]?.id },
    });
    await alice.send(xml("message", { to: room, type: "groupchat", id: "g1" }, xml("body", {}, "welcome")));
    await me.connectionContext.arrived(({ event }) => event.object.body === "welcome" && event.actor.name === "alice");
    await me.close();

    await alice.send(xml("message", { to: room, type: "groupchat", id: "g2" }, xml("body", {}, "missed")));
    await alice.waitFor((stanza) => stanza.attrs.id === "g2");
    const next = await bob({ address: me.address, stateOf: me.connectionContext });
    await next.connectionContext.arrived(({ event }) => event.object.body === "missed");
    const bodies = next.connectionContext.arrivals.flatMap(({ event }) => event.object.body ?? []);
    expect(bodies).toEqual(["missed"]);
    const left = await next.do("leave", { target: [{ address: room }] });
    expect(left.outcomes).toEqual([{ address: room, status: "sent" }]);
    expect(next.connectionContext.stored[`room ${room}`]).toBeUndefined();
    const outside = await next.do("send", {
      target: [{ address: room }],
      context: { type: "room" },
      object: { body: "x" },
    });
    expect(outside.outcomes).toMatchObject([{ status: "failed", error: { code: "not-in-room" } }]);
    expect(outside.commits).toBe(0);
    await next.close();
  });
});
