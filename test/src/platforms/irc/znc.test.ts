import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type IrcAccount, ircAccount } from "../../../support/irc-account.ts";
import { type IrcPeer, ircPeer } from "../../../support/irc-peer.ts";
import type { IrcServer } from "../../../support/irc-process.ts";
import { ngircd } from "../../../support/ngircd.ts";
import { testZnc, ZNC_PASSWORD } from "../../../support/znc.ts";

describe.each([
  ["keeps its buffers", true],
  ["clears its buffers once they were read", false],
])("an account behind a ZNC that %s", (_what, keepsBuffers) => {
  let server: IrcServer;
  let znc: IrcServer;
  let alice: IrcPeer;
  const accounts: IrcAccount[] = [];

  beforeAll(async () => {
    server = await ngircd();
    znc = await testZnc({ upstream: server.port, keepsBuffers });
    alice = await ircPeer(server.port, "alice");
    await alice.send("JOIN #room");
    // The bouncer is in the channel as soon as it is connected to the network.
    await alice.waitFor((line) => line.startsWith(":bob!") || / 353 .*bob/.test(line));
  });
  afterAll(async () => {
    await alice?.close();
    await znc?.stop();
    await server?.stop();
  });
  afterEach(async () => {
    await Promise.all(accounts.splice(0).map((account) => account.close()));
  });

  async function account(after?: IrcAccount): Promise<IrcAccount> {
    const connected = await ircAccount({
      port: znc.port,
      credentials: { password: ZNC_PASSWORD },
      ...(after ? { after } : {}),
    });
    accounts.push(connected);
    return connected;
  }
  const bodiesOf = ({ connectionContext }: IrcAccount) =>
    connectionContext.arrivals.flatMap(({ event }) =>
      event.verb === "send" && event.actor.address === "alice" ? [String(event.object.body)] : [],
    );
  const received = (bob: IrcAccount, text: string) =>
    bob.connectionContext.arrived(({ event }) => event.object.body === text);

  it("hears each line once and in order, also over reconnects", async () => {
    await alice.send("PRIVMSG #room :one");
    await alice.send("PRIVMSG #room :one");
    await alice.send("PRIVMSG bob :private one");
    const first = await account();
    await received(first, "private one");
    await alice.send("PRIVMSG #room :two");
    await received(first, "two");
    await first.close();
    await alice.send("PRIVMSG #room :three");
    const second = await account(first);
    await alice.send("PRIVMSG #room :four");
    await received(second, "four");
    await second.close();
    const third = await account(second);
    await alice.send("PRIVMSG bob :five");
    await received(third, "five");
    expect(bodiesOf(first).toSorted()).toEqual(["one", "one", "private one", "two"].toSorted());
    expect(bodiesOf(second)).toEqual(["three", "four"]);
    expect(bodiesOf(third)).toEqual(["five"]);
  });

  it("says that the bouncer confirmed a text, and later that the network refused it", async () => {
    const bob = await account();
    const receipt = await bob.run("send", "nobody", { body: "hello" });
    expect(receipt).toMatchObject({ outcomes: [{ status: "sent" }], object: { proof: "bouncer" } });
    expect(await bob.connectionContext.reported(({ status }) => status === "failed")).toMatchObject({
      target: "nobody",
      error: { code: "recipient-unknown" },
    });
  });
});
