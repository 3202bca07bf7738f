import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openChat } from "../../examples/chat/chat.mjs";
import { eventListener } from "../support/event-listener.ts";
import { gateway } from "../support/gateway.ts";
import { inspircd } from "../support/inspircd.ts";
import { ircPeer } from "../support/irc-peer.ts";
import { ngircd } from "../support/ngircd.ts";
import { PROSODY_DOMAIN, PROSODY_ROOMS, testProsody } from "../support/prosody.ts";
import { ALICE, GROUP, TOKEN, telegramSimulator } from "../support/telegram-simulator.ts";
import { xmppPeer } from "../support/xmpp-peer.ts";

interface World {
  readonly platform: string;
  readonly account: string;
  readonly credentials: object;
  readonly room: string;
  readonly directory?: string;
  readonly friend: string;
  /** Calls that the network does not support, by its capabilities. */
  readonly cannot: readonly string[];
  /** Lets the friend into the room after the account has created the room. */
  readonly enter: () => Promise<unknown>;
  /** Resolves when the other side has the text. */
  readonly arrived: (text: string) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

async function ircWorld(start: typeof ngircd): Promise<World> {
  const server = await start();
  const peer = await ircPeer(server.port, "alice");
  return {
    enter: () => peer.send("JOIN #lobby"),
    platform: "irc",
    account: "bob@irc.example.net",
    credentials: { host: "127.0.0.1", port: server.port, tls: "none" },
    room: "#lobby",
    friend: "alice",
    cannot: ["edit", "react", "unreact", "typing", "history", "remove"],
    arrived: (text) => peer.waitFor((line) => line.endsWith(` PRIVMSG #lobby :${text}`)),
    stop: async () => {
      await peer.close();
      await server.stop();
    },
  };
}

async function xmppWorld(): Promise<World> {
  const server = await testProsody(["alice", "bob"]);
  const peer = await xmppPeer(server.port, "alice");
  const room = `garden@${PROSODY_ROOMS}`;
  return {
    enter: () => peer.join(room, "alice"),
    platform: "xmpp",
    account: `bob@${PROSODY_DOMAIN}`,
    credentials: { host: "127.0.0.1", port: server.port, password: "bob-pw", ca: server.tls.cert },
    room,
    directory: PROSODY_ROOMS,
    friend: `alice@${PROSODY_DOMAIN}`,
    cannot: [],
    arrived: (text) => peer.waitFor((stanza) => stanza.getChildText("body") === text),
    stop: async () => {
      await peer.close();
      await server.stop();
    },
  };
}

const telegram = await telegramSimulator();
const telegramWorld = async (): Promise<World> => ({
  enter: async () => undefined,
  platform: "telegram",
  account: "@example_bot",
  credentials: { token: TOKEN },
  room: String(GROUP.id),
  friend: String(ALICE.id),
  cannot: ["join", "rooms", "history"],
  arrived: async (text) => {
    const { parameters } = await telegram.called("sendMessage");
    expect(parameters.text).toBe(text);
  },
  stop: async () => undefined,
});

let live: Awaited<ReturnType<typeof gateway>>;
beforeAll(async () => {
  live = await gateway({ ALLOW_PRIVATE: "127.0.0.0/8", TELEGRAM_API_URL: telegram.origin });
});
afterAll(async () => {
  await live.stop();
  await telegram.stop();
});

describe.each([
  ["XMPP (Prosody)", xmppWorld],
  ["IRC (ngIRCd)", () => ircWorld(ngircd)],
  ["IRC (InspIRCd)", () => ircWorld(inspircd as unknown as typeof ngircd)],
  ["Telegram (simulator)", telegramWorld],
])("the chat example on %s", (name, open) => {
  it("performs all supported calls without platform-specific code", { timeout: 120_000 }, async () => {
    const network = await open();
    const { platform, account, credentials, room, directory, friend } = network;
    const key = await live.keyOf(name.replaceAll(/[()]/g, ""));
    const base = `${live.url}/gateway`;
    const listener = await eventListener(base, key);
    const stored = await fetch(`${base}/accounts`, {
      method: "PUT",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      body: JSON.stringify({ platform, address: account, credentials, online: true }),
    });
    expect(stored.status).toBe(201);
    const isOnline = (event: object) => (event as { state?: string }).state === "online";
    await listener.until(() => listener.events.some(isOnline), 30_000);

    const chat = await openChat({ base, key, platform, account });
    const results: Record<string, unknown> = {};
    results.join = await chat.join(room, "bob");
    await network.enter();
    const sent = await chat.send(room, "Hello from the example");
    results.send = sent;
    await network.arrived("Hello from the example");
    const id = String(sent?.id ?? "");
    results.members = await chat.members(room);
    results.rooms = await chat.rooms(directory);
    results.topic = await chat.topic(room, "All is well");
    results.edit = await chat.edit(room, id, "Hello, better");
    results.react = await chat.react(room, id, "👍");
    results.unreact = await chat.unreact(room, id, "👍");
    results.typing = await chat.typing(room);
    results.history = await chat.history(room, 5);
    results.remove = await chat.remove(room, id);
    results.invite = await chat.invite(friend, room);
    results.leave = await chat.leave(room);

    const cannot = Object.keys(results).filter((call) => results[call] === undefined);
    expect(cannot.sort()).toEqual([...network.cannot].sort());
    for (const call of ["members", "rooms", "history"])
      if (results[call] !== undefined)
        expect(results[call]).toMatchObject({ type: "collection", items: expect.any(Array) });
    expect((results.members as { items: unknown[] }).items.length).toBeGreaterThan(0);
    await chat.close();
    listener.close();
    await network.stop();
  });
});
