import type { Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";

/** Puts TLS on a socket that the egress guard opened; the certificate must be the domain's (RFC 6120 section 13.7.2). */
export function secured(socket: Socket, domain: string, ca: string | undefined): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secure = connect({
      socket,
      servername: domain,
      ALPNProtocols: ["xmpp-client"],
      ...(ca === undefined ? {} : { ca }),
    });
    secure.once("error", reject);
    secure.once("close", () => reject(Object.assign(new Error("Closed in the handshake"), { code: "ECONNRESET" })));
    secure.once("secureConnect", () => {
      secure.removeListener("error", reject);
      // What breaks later is told by its close; a reset in between must not end the process.
      secure.on("error", () => undefined);
      resolve(secure);
    });
  });
}
