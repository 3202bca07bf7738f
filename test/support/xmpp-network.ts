import { xml } from "@xmpp/client";
import { type XmppSettings, xmpp } from "../../src/platforms/xmpp/platform.ts";
import type { TestAccount, TestNetwork } from "../contracts/connections/test-network.ts";
import { testEjabberd } from "./ejabberd.ts";
import { PROSODY_DOMAIN, testProsody } from "./prosody.ts";
import { type XmppPeer, xmppPeer } from "./xmpp-peer.ts";

const ACCOUNTS = 200;
const PEER = `peer@${PROSODY_DOMAIN}`;

/** Servers that the suite runs on. */
const SERVERS = { prosody: testProsody, ejabberd: testEjabberd };

/** XMPP network of the suite, with rooms. */
export interface XmppTestNetwork extends TestNetwork {
  readonly peerJoins: (room: string) => Promise<void>;
  readonly peerSendsToRoom: (room: string, text: string) => Promise<void>;
  /** Sends any stanza of the peer; resolves when the server took it. */
  readonly peerSendsStanza: (stanza: ReturnType<typeof xml>) => Promise<void>;
  /** Whether the server keeps that text for the n-th account. Looks at its store and its last 100 archived. */
  readonly isKept?: (n: number, text: string) => Promise<boolean>;
  /** Sends any stanza of a person whom no account has written to. */
  readonly strangerSendsStanza: (stanza: ReturnType<typeof xml>) => Promise<void>;
}

export interface XmppNetworkOptions {
  readonly settings?: XmppSettings;
  readonly server?: keyof typeof SERVERS;
  readonly archive?: boolean;
  /** Lets accounts connect without TLS, so that a proxy can read along. */
  readonly isPlain?: boolean;
}

/** Starts a private XMPP server with 200 test accounts and a peer. */
export async function xmppNetwork({
  server: kind = "prosody",
  archive = true,
  isPlain = false,
  settings = {},
}: XmppNetworkOptions = {}): Promise<XmppTestNetwork> {
  const users = Array.from({ length: ACCOUNTS }, (_, n) => `user${n}`);
  const server = await SERVERS[kind]([...users, "peer"], { archive });
  const port = isPlain ? server.peerPort : server.port;
  let peer: XmppPeer = await xmppPeer(server.peerPort, "peer");
  /** Messages of the peer's earlier connections. */
  const before: string[] = [];
  const address = (n: number) => `user${n}@${PROSODY_DOMAIN}`;
  const at = (n: number, port: number): TestAccount => ({
    address: address(n),
    credentials: {
      host: "127.0.0.1",
      port,
      password: `user${n}-pw`,
      ...(server.requiresTls && !isPlain ? { tls: "starttls", ca: server.tls.cert } : { tls: "none" }),
    },
  });
  const texts = (client: XmppPeer) =>
    client.stanzas.flatMap((stanza) =>
      stanza.is("message") && stanza.attrs.type !== "error" ? (stanza.getChildText("body") ?? []) : [],
    );
  let sent = 0;
  const reconnectPeer = async (): Promise<void> => {
    before.push(...texts(peer));
    await peer.close();
    peer = await xmppPeer(server.peerPort, "peer");
  };
  const isKept = async (n: number, text: string): Promise<boolean> => {
    const auditor = await xmppPeer(server.peerPort, `user${n}`, "auditor");
    const page = xml("set", "http://jabber.org/protocol/rsm", xml("max", {}, "100"), xml("before"));
    await auditor.request("set", xml("query", { xmlns: "urn:xmpp:mam:2" }, page));
    await auditor.close();
    return auditor.stanzas.some((stanza) => {
      const forwarded = stanza.getChild("result", "urn:xmpp:mam:2")?.getChild("forwarded", "urn:xmpp:forward:0");
      return (forwarded?.getChild("message") ?? stanza).getChildText("body") === text;
    });
  };

  return {
    platform: xmpp(settings),
    account: (n) => at(n, port),
    wrongLogin: {
      ...at(0, port),
      credentials: { ...Object(at(0, port).credentials), password: "wrong" },
    },
    peerSends: async (n, text) => {
      sent += 1;
      const id = `peer-${sent}`;
      await peer.send(xml("message", { to: address(n), type: "chat", id }, xml("body", {}, text)));
      // Stanzas are processed in order, so an answer to a later stanza shows that this stanza was accepted.
      await peer.request("get", xml("ping", { xmlns: "urn:xmpp:ping" }), PROSODY_DOMAIN);
    },
    peerSendsStanza: (stanza) => sendsStanza(peer, stanza),
    strangerSendsStanza: async (stanza) => {
      const stranger = await xmppPeer(server.peerPort, `user${ACCOUNTS - 1}`);
      await sendsStanza(stranger, stanza);
      await stranger.close();
    },
    ...(kind === "ejabberd" ? { isKept } : {}),
    peerJoins: (room) => peer.join(room, "peer"),
    peerSendsToRoom: async (room, text) => {
      await peer.send(xml("message", { to: room, type: "groupchat" }, xml("body", {}, text)));
      await peer.waitFor((stanza) => stanza.attrs.from === `${room}/peer` && stanza.getChildText("body") === text);
    },
    peerReceived: async (text) => {
      const arrives = () => peer.waitFor((stanza) => stanza.is("message") && stanza.getChildText("body") === text);
      if (!before.includes(text))
        await arrives().catch(async (thrown: unknown) => {
          if (kind !== "ejabberd") throw thrown;
          // A message at the moment of the peer's own login may be stored until its next login.
          await reconnectPeer();
          await arrives();
        });
      return [...before, ...texts(peer)].filter((candidate) => candidate === text).length;
    },
    sendTo: (n, text) => ({
      verb: "send",
      actor: { address: address(n) },
      target: [{ address: PEER }],
      object: { body: text },
    }),
    keepsMissed: true,
    maySwapAtLogin: kind === "ejabberd",
    kill: server.kill,
    restart: async () => {
      await server.start();
      await reconnectPeer();
    },
    port,
    accountAt: at,
    close: async () => {
      await peer.close();
      await server.stop();
    },
  };
}

/** Sends a stanza and waits for the answer to a later request. A server works in order. */
async function sendsStanza(client: XmppPeer, stanza: ReturnType<typeof xml>): Promise<void> {
  await client.send(stanza);
  await client.request("get", xml("ping", { xmlns: "urn:xmpp:ping" }), PROSODY_DOMAIN);
}
