import { setTimeout as after } from "node:timers/promises";
import { TIMEOUTS, type Timeouts } from "../../src/platforms/irc/client/timeouts.ts";
import { irc } from "../../src/platforms/irc/platform.ts";
import type { TestAccount, TestNetwork } from "../contracts/connections/test-network.ts";
import { inspircd } from "./inspircd.ts";
import { type IrcPeer, ircPeer } from "./irc-peer.ts";
import { ngircd } from "./ngircd.ts";

const PASSWORD = "world-pw";

/** Starts an IRC network of one server with a peer. All accounts share the server's password. */
export async function ircNetwork(
  kind: "ngircd" | "inspircd",
  ircTimeouts: Timeouts = TIMEOUTS,
): Promise<TestNetwork & { readonly peerSendsToRoom: (channel: string, text: string) => Promise<void> }> {
  const server = await { ngircd, inspircd }[kind]({ password: PASSWORD });
  let peer: IrcPeer = await ircPeer(server.port, "peer", PASSWORD);
  const earlier: string[] = [];
  const accountAt = (n: number, port: number, password = PASSWORD): TestAccount => ({
    address: `bob${n}@irc.test`,
    credentials: { host: "127.0.0.1", port, tls: "none", password, pace: { burst: 1_000, interval: 0 } },
  });
  const isWord = (text: string) => (line: string) => line.includes(" PRIVMSG ") && line.endsWith(` :${text}`);
  const wrong = { ...accountAt(0, server.port, "another-pw"), address: "mallory@irc.test" };
  return {
    platform: irc({ ircTimeouts }),
    account: (n) => accountAt(n, server.port),
    wrongLogin: wrong,
    accountAt: (n, port) => accountAt(n, port),
    peerSends: async (n, text) => {
      for (let tries = 100; ; tries--) {
        const answer = await peer.send(`PRIVMSG bob${n} :${text}`);
        if (!answer.some((line) => line.split(" ").slice(1, 4).join(" ") === `401 peer bob${n}`)) return;
        // The account may use another nick until the server notices the end of the last connection.
        if (tries === 0) throw new Error(`There is no bob${n}`);
        await after(100);
      }
    },
    peerSendsToRoom: async (channel, text) => {
      if (!peer.lines.some((line) => line.includes(" JOIN ") && line.includes(channel)))
        await peer.send(`JOIN ${channel}`);
      await peer.send(`PRIVMSG ${channel} :${text}`);
    },
    peerReceived: async (text) => {
      const before = earlier.filter(isWord(text)).length;
      if (before === 0) await peer.waitFor(isWord(text));
      return before + peer.lines.filter(isWord(text)).length;
    },
    sendTo: (n, text) => ({
      verb: "send",
      actor: { address: `bob${n}@irc.test` },
      target: [{ address: "peer" }],
      object: { body: text },
    }),
    keepsMissed: false,
    kill: server.kill,
    restart: async () => {
      await server.start();
      earlier.push(...peer.lines);
      await peer.close();
      peer = await ircPeer(server.port, "peer", PASSWORD);
    },
    port: server.port,
    close: async () => {
      await peer.close();
      await server.stop();
    },
  };
}
