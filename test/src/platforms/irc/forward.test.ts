import { expect, it } from "vitest";
import { inspircd } from "../../../support/inspircd.ts";
import { ircAccount } from "../../../support/irc-account.ts";
import { ircPeer } from "../../../support/irc-peer.ts";

it("a channel of InspIRCd that forwards is followed, also after a reconnect", async () => {
  const server = await inspircd();
  const alice = await ircPeer(server.port, "alice");
  await alice.send("JOIN #over");
  await alice.send("JOIN #full");
  await alice.send("MODE #full +lL 1 #over");
  const bob = await ircAccount({ port: server.port });
  expect(await bob.run("join", "#full", {})).toEqual({
    outcomes: [{ address: "#full", status: "sent" }],
    object: { type: "collection", items: [{ type: "room", address: "#over" }] },
  });
  await bob.close();
  const again = await ircAccount({ port: server.port, after: bob });
  await alice.send("PRIVMSG #over :welcome");
  const { event } = await again.connectionContext.arrived(({ event: { object } }) => object.body === "welcome");
  expect(event.context).toEqual({ type: "room", id: "#over" });
  await again.close();
  await alice.close();
  await server.stop();
});
