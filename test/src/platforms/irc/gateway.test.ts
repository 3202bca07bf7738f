import { afterAll, beforeAll, expect, it } from "vitest";
import { samplesIn } from "../../../support/docs-samples.ts";
import { type EventListener, eventListener } from "../../../support/event-listener.ts";
import { gateway } from "../../../support/gateway.ts";
import { type IrcPeer, ircPeer } from "../../../support/irc-peer.ts";
import type { IrcServer } from "../../../support/irc-process.ts";
import { ngircd } from "../../../support/ngircd.ts";

const PATH = "docs/platforms/irc.md";
const [account, ...activities] = samplesIn(PATH).map(({ text }) => JSON.parse(text) as Record<string, object>);

let live: Awaited<ReturnType<typeof gateway>>;
let server: IrcServer;
let peer: IrcPeer;
let listener: EventListener;
let key: string;
beforeAll(async () => {
  server = await ngircd();
  peer = await ircPeer(server.port, "alice");
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
const events = (): ReadonlyArray<Readonly<Record<string, unknown>>> => listener.events.map((event) => ({ ...event }));
const isOnline = ({ type, state }: Readonly<Record<string, unknown>>) => type === "session" && state === "online";

it(`an account is stored, connects, and every example of ${PATH} works`, { timeout: 60_000 }, async () => {
  const { sasl: _, ...credentials } = (account?.credentials ?? {}) as Record<string, unknown>;
  const here = { ...credentials, host: "127.0.0.1", port: server.port, tls: "none" };
  expect((await call("PUT", "accounts", { ...account, credentials: here })).status).toBe(201);
  await listener.until(() => events().some(isOnline), 20_000);
  expect(activities.map(({ verb }) => verb)).toEqual(["join", "send", "update", "query"]);
  for (const activity of activities)
    expect(await call("POST", "activities", activity)).toMatchObject({ status: 200, body: { status: "sent" } });
  await peer.waitFor((line) => line.endsWith(" PRIVMSG alice :Hello World!"));
});

it("messages arrive on the stream, also after a server crash", { timeout: 60_000 }, async () => {
  await peer.send("JOIN #lobby");
  await peer.send("PRIVMSG #lobby :Good morning");
  const eventWith = (body: string) =>
    events().find(({ object }) => (object as { body?: string } | undefined)?.body === body);
  await listener.until(() => eventWith("Good morning") !== undefined, 10_000);
  expect(eventWith("Good morning")).toMatchObject({
    type: "activity",
    platform: "irc",
    verb: "send",
    actor: { address: "alice" },
    target: [{ address: "bob@irc.example.net" }],
    context: { type: "room", id: "#lobby" },
    self: false,
  });
  await server.kill();
  await server.start();
  peer = await ircPeer(server.port, "alice");
  await listener.until(() => events().filter(isOnline).length === 2, 40_000);
  await peer.send("JOIN #lobby");
  await peer.send("PRIVMSG #lobby :Here again");
  await listener.until(() => eventWith("Here again") !== undefined, 10_000);
});

it("an invalid target is refused with a pointer, and the next activity is sent", async () => {
  const send = activities[1];
  const bad = { ...send, target: { address: "alice\r\nQUIT" } };
  expect(await call("POST", "activities", bad)).toMatchObject({
    status: 422,
    body: { code: "validation-failed", errors: [{ pointer: "/target/address" }] },
  });
  expect(await call("POST", "activities", send ?? {})).toMatchObject({ body: { status: "sent" } });
});

it.each([
  ["/object/key", "object.password", { verb: "join", object: { key: "sesame" } }],
  ["/object/body", "object.reason", { verb: "leave", object: { body: "bye" } }],
  ["/object/body", "object.reason", { verb: "kick", object: { address: "alice", body: "out" } }],
  ["/object/type", "members", { verb: "query", object: { type: "attendance" } }],
  ["/target/address", "object.address", { verb: "invite", object: { address: "#other" } }],
])("an old spelling at %s is refused with the new one, %s", async (pointer, instead, fields) => {
  const answer = await call("POST", "activities", { ...activities[0], target: { address: "#lobby" }, ...fields });
  expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
  expect(JSON.stringify(answer.body.errors)).toContain(instead);
});
