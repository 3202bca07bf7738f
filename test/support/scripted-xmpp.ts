import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";

const OPEN =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='s' from='xmpp.test' version='1.0'>";
const features = (inner: string) => `${OPEN}<stream:features>${inner}</stream:features>`;
export const MECHANISMS =
  "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>";
const BIND = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";
const COUNTING = "<sm xmlns='urn:xmpp:sm:3'/>";

export interface ScriptedXmpp {
  readonly port: number;
  /** All that clients sent. */
  readonly received: () => string;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a scripted XMPP server. `first` answers the stream's opening; `after` runs with the socket after the login.
 * All other requests are refused, so that nothing outside the script happens.
 */
export async function scriptedXmpp(script: {
  readonly first?: string;
  readonly counting?: boolean;
  readonly on?: (text: string, socket: Socket) => boolean;
  readonly after?: (socket: Socket) => void;
}): Promise<ScriptedXmpp> {
  let all = "";
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => open.delete(socket));
    let loggedIn = false;
    socket.on("data", (data) => {
      const text = data.toString();
      all += text;
      if (script.on?.(text, socket)) return;
      if (text.includes("<stream:stream")) {
        const inner = loggedIn ? BIND + (script.counting ? COUNTING : "") : MECHANISMS;
        socket.write(loggedIn || script.first === undefined ? features(inner) : script.first);
        return;
      }
      if (text.includes("<auth")) {
        loggedIn = true;
        socket.write("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
      }
      if (text.includes("<enable xmlns='urn:xmpp:sm:3'")) socket.write("<enabled xmlns='urn:xmpp:sm:3'/>");
      for (const [iq, id] of text.matchAll(/<iq[^>]* id="([^"]+)".*?<\/iq>/g)) {
        socket.write(
          iq.includes("xmpp-bind")
            ? `<iq type='result' id='${id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>bob@xmpp.test/r</jid></bind></iq>`
            : `<iq type='error' id='${id}'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
        );
      }
      if (text.includes("urn:xmpp:mam:2")) script.after?.(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    received: () => all,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
export { features, OPEN };
