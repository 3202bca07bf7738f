import { EventEmitter, once } from "node:events";
import { client, xml } from "@xmpp/client";
import { PROSODY_DOMAIN } from "./prosody.ts";

type Stanza = ReturnType<typeof xml>;

/** Independent client on the test's server, by the XMPP library alone. */
export interface XmppPeer {
  readonly jid: string;
  readonly stanzas: Stanza[];
  /** Resolves with the first stanza that fits, past or to come. */
  readonly waitFor: (fits: (stanza: Stanza) => boolean) => Promise<Stanza>;
  readonly send: (stanza: Stanza) => Promise<void>;
  readonly request: (type: "get" | "set", child: Stanza, to?: string) => Promise<Stanza>;
  readonly join: (room: string, nick: string, password?: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Logs a user in without TLS; the password is `<user>-pw`. */
export async function xmppPeer(port: number, user: string, resource = "peer"): Promise<XmppPeer> {
  const xmpp = client({
    service: `xmpp://127.0.0.1:${port}`,
    domain: PROSODY_DOMAIN,
    resource,
    timeout: 15_000,
    credentials: (authenticate) =>
      authenticate({ username: user, password: `${user}-pw` }, "SCRAM-SHA-1", xml("user-agent")),
  });
  xmpp.reconnect.stop();
  // The library cannot be given the test's authority, and its stream management must not disturb the test.
  const inside = xmpp as unknown as { _onElement(element: Stanza): void };
  const onElement = inside._onElement;
  inside._onElement = (element) => {
    if (element.name === "stream:features")
      element.children = element.getChildElements().filter(({ name }) => name === "mechanisms" || name === "bind");
    onElement.call(xmpp, element);
  };
  const received = new EventEmitter().setMaxListeners(0);
  const stanzas: Stanza[] = [];
  xmpp.on("error", () => undefined);
  xmpp.on("stanza", (stanza: Stanza) => {
    stanzas.push(stanza);
    received.emit("stanza");
  });
  const jid = String(await xmpp.start());
  await xmpp.send(xml("presence"));

  async function got(fits: (stanza: Stanza) => boolean): Promise<Stanza> {
    for (;;) {
      const found = stanzas.find(fits);
      if (found) return found;
      await once(received, "stanza", { signal: AbortSignal.timeout(20_000) });
    }
  }
  return {
    jid,
    stanzas,
    waitFor: got,
    send: (stanza) => xmpp.send(stanza),
    request: (type, child, to) => xmpp.iqCaller.request(xml("iq", { type, ...(to ? { to } : {}) }, child), 15_000),
    join: async (room, nick, password) => {
      const x = xml("x", "http://jabber.org/protocol/muc", ...(password ? [xml("password", {}, password)] : []));
      await xmpp.send(xml("presence", { to: `${room}/${nick}` }, x));
      const fits = (stanza: Stanza) => stanza.is("presence") && stanza.attrs.from === `${room}/${nick}`;
      const answer = await got(fits);
      if (answer.attrs.type === "error") throw new Error(`Not let in: ${answer}`);
    },
    close: async () => {
      await xmpp.stop().catch(() => undefined);
    },
  };
}
