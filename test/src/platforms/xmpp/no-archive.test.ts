import { xml } from "@xmpp/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { xmpp } from "../../../../src/platforms/xmpp/platform.ts";
import { type TestConnectionContext, testConnectionContext } from "../../../support/connection-context.ts";
import { PROSODY_DOMAIN, PROSODY_ROOMS, type TestXmppServer, testProsody } from "../../../support/prosody.ts";
import { runVerb } from "../../../support/run-verb.ts";
import { testVerbContext } from "../../../support/verb-context.ts";
import { type XmppPeer, xmppPeer } from "../../../support/xmpp-peer.ts";

const platform = xmpp();
let prosody: TestXmppServer;
let alice: XmppPeer;
beforeAll(async () => {
  prosody = await testProsody(["alice", "bob"], { archive: false });
  alice = await xmppPeer(prosody.port, "alice");
});
afterAll(async () => {
  await alice.close();
  await prosody.stop();
});

const bob = (stateOf?: TestConnectionContext) =>
  testConnectionContext({
    address: `bob@${PROSODY_DOMAIN}`,
    credentials: { host: "127.0.0.1", port: prosody.port, tls: "none", password: "bob-pw" },
    ...(stateOf ? { stateOf } : {}),
  });

it("an account without archives receives offline messages and room history once", async () => {
  const room = `oblivion@${PROSODY_ROOMS}`;
  const first = bob();
  const client = await platform.connect?.(first as never);
  const actor = { address: first.address };
  await alice.join(room, "alice");
  await runVerb(platform, client, { verb: "join", actor, target: [{ address: room }] });
  const toRoom = (body: string) =>
    alice.send(xml("message", { to: room, type: "groupchat", id: body }, xml("body", {}, body)));
  await toRoom("in the room");
  await first.arrived(({ event }) => event.object.body === "in the room");
  const sent = await runVerb(platform, client, {
    verb: "send",
    actor,
    target: [{ address: alice.jid }],
    object: { body: "who knows?" },
  });
  const doubt = {
    id: sent.id,
    rid: "r",
    platform: "xmpp",
    verb: "send",
    actor,
    target: [{ address: alice.jid }],
    object: {},
  };
  expect(await platform.recover?.(client, doubt, testVerbContext())).toBeUndefined();
  await platform.dispose?.(client);

  await alice.send(xml("message", { to: first.address, type: "chat", id: "o1" }, xml("body", {}, "while away")));
  await toRoom("room while away");
  await alice.waitFor((stanza) => stanza.attrs.id === "room while away");
  const next = bob(first);
  const again = await platform.connect?.(next as never);
  await toRoom("room after");
  await next.arrived(({ event }) => event.object.body === "room after");
  const bodies = next.arrivals.flatMap(({ event }) => event.object.body ?? []);
  expect(bodies.sort()).toEqual(["room after", "room while away", "while away"]);
  await platform.dispose?.(again);
});
