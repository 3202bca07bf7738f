import { xml } from "@xmpp/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { samplesIn } from "../../../support/docs-samples.ts";
import { type EventListener, eventListener } from "../../../support/event-listener.ts";
import { gateway } from "../../../support/gateway.ts";
import { PROSODY_DOMAIN, type TestXmppServer, testProsody } from "../../../support/prosody.ts";
import { type XmppPeer, xmppPeer } from "../../../support/xmpp-peer.ts";

const PATH = "docs/platforms/xmpp.md";
const here = (text: string) => text.replaceAll("example.net", PROSODY_DOMAIN);
const [account, ...samples] = samplesIn(PATH).map(({ text }) => JSON.parse(here(text)) as Record<string, object>);
/** Uploads have a test of their own. Accounts with TLS refuse the test's upload service, which has none. */
const hasFile = ({ object }: Record<string, object>) => object !== undefined && "attachments" in object;
const activities = samples.filter((sample) => !hasFile(sample));

let live: Awaited<ReturnType<typeof gateway>>;
let server: TestXmppServer;
let peer: XmppPeer;
let listener: EventListener;
let key: string;
beforeAll(async () => {
  server = await testProsody(["alice", "bob"], { uploads: true });
  peer = await xmppPeer(server.port, "alice");
  live = await gateway({ ALLOW_PRIVATE: "127.0.0.0/8" });
  key = await live.keyOf("talker");
  listener = await eventListener(`${live.url}/gateway`, key);
});
afterAll(async () => {
  listener.close();
  await live.stop();
  await peer.close();
  await server.stop();
});

async function call(method: string, path: string, body: object) {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json", Prefer: "wait=25" };
  const answer = await fetch(`${live.url}/gateway/${path}`, { method, headers, body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}
const events = () => listener.events as unknown as ReadonlyArray<Readonly<Record<string, unknown>>>;
const isOnline = ({ type, state }: Readonly<Record<string, unknown>>) => type === "session" && state === "online";

it(`an account is stored, connects by STARTTLS, and every example of ${PATH} works`, {
  timeout: 60_000,
}, async () => {
  const credentials = { host: "127.0.0.1", port: server.port, password: "bob-pw", ca: server.tls.cert };
  expect((await call("PUT", "accounts", { ...account, credentials })).status).toBe(201);
  await listener.until(() => events().some(isOnline), 20_000);
  expect(activities.map(({ verb }) => verb)).toEqual(["send", "join", "send", "query", "fetch"]);
  for (const activity of activities)
    expect(await call("POST", "activities", activity)).toMatchObject({ status: 200, body: { status: "sent" } });
  const hello = await peer.waitFor((stanza) => stanza.getChildText("body") === "Hello World!");
  await peer.send(
    xml(
      "message",
      { to: hello.attrs.from, type: "chat" },
      xml("received", { xmlns: "urn:xmpp:receipts", id: hello.attrs.id }),
    ),
  );
  await listener.until(() => events().some(({ status }) => status === "delivered"), 10_000);
});

it("messages arrive on the stream once, also those sent during a server crash", {
  timeout: 60_000,
}, async () => {
  const eventWith = (body: string) =>
    events().filter(({ object }) => (object as { body?: string } | undefined)?.body === body);
  const sendText = (body: string) =>
    peer.send(xml("message", { to: `bob@${PROSODY_DOMAIN}`, type: "chat", id: body }, xml("body", {}, body)));
  await sendText("Good morning");
  await listener.until(() => eventWith("Good morning").length > 0, 10_000);
  expect(eventWith("Good morning")).toMatchObject([
    {
      type: "activity",
      platform: "xmpp",
      verb: "send",
      actor: { address: `alice@${PROSODY_DOMAIN}` },
      target: [{ address: `bob@${PROSODY_DOMAIN}` }],
      context: { type: "direct", id: `alice@${PROSODY_DOMAIN}` },
      self: false,
    },
  ]);
  await server.kill();
  await peer.close();
  await server.start();
  peer = await xmppPeer(server.port, "alice");
  await sendText("Here again");
  await listener.until(() => eventWith("Here again").length > 0, 40_000);
  await sendText("Last");
  await listener.until(() => eventWith("Last").length > 0, 40_000);
  expect(["Good morning", "Here again", "Last"].map((body) => eventWith(body).length)).toEqual([1, 1, 1]);
});

it("a file posted by content is uploaded, and its link arrives", { timeout: 60_000 }, async () => {
  const credentials = { host: "127.0.0.1", port: server.peerPort, password: "bob-pw", tls: "none" };
  expect((await call("PUT", "accounts", { ...account, credentials })).status).toBe(200);
  const upload = samples.find(hasFile) ?? {};
  const { body } = await call("POST", "activities", upload);
  expect(body).toMatchObject({
    status: "sent",
    object: { attachments: [{ name: "map.png", mediaType: "image/png", size: 8, url: expect.any(String) }] },
  });
  const message = await peer.waitFor((stanza) => stanza.getChild("x", "jabber:x:oob") !== undefined);
  const url = message.getChild("x", "jabber:x:oob")?.getChildText("url") ?? "";
  const download = await fetch(url);
  expect(Buffer.from(await download.arrayBuffer()).toString("base64")).toBe("iVBORw0KGgo=");
});

it.each([
  ["/target/address", { target: { address: "alice\r\n@example.net" } }],
  ["/target/address", { target: { address: "@" } }],
  ["/target/address", { target: { address: "alice@ex..ample.net" } }],
  ["/actor/address", { actor: { address: "bob@xmpp.test/phone" } }],
  ["/object/body", { object: { body: "a\u0000b" } }],
  ["/object/body", { object: { body: "\ufffe" } }],
  ["/object/body", { object: { body: "x".repeat(32_769) } }],
])("an invalid activity is refused with a pointer to %s, and the next is sent", async (pointer, fields) => {
  const send = activities[0];
  expect(await call("POST", "activities", { ...send, ...fields })).toMatchObject({
    status: 422,
    body: { code: "validation-failed", errors: [{ pointer }] },
  });
  expect(await call("POST", "activities", send ?? {})).toMatchObject({ body: { status: "sent" } });
});

it.each([
  ["/verb", "send", { verb: "reply", object: { body: "Hello", inReplyTo: "1" } }],
  ["/object/reactions", "object.content", { verb: "react", object: { id: "1", reactions: ["👍"] } }],
  ["/object/topic", "object.body", { verb: "update", object: { type: "topic", topic: "today" } }],
  ["/object/type", "contacts", { verb: "query", object: { type: "roster" } }],
])("an old spelling at %s is refused with the new one, %s", async (pointer, instead, fields) => {
  const answer = await call("POST", "activities", { ...activities[0], ...fields });
  expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
  expect(JSON.stringify(answer.body.errors)).toContain(instead);
});
