import type { Socket } from "node:net";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";

/** Whom the certificate must be for, and who may have signed it (PEM); default the system's authorities. */
export interface Trust {
  readonly host: string;
  readonly ca?: string | undefined;
}

/** Starts TLS on a socket that the egress guard opened; opens none itself. Faults are emitted on the result. */
export function secured(socket: Socket, { host, ca }: Trust, onSecure?: () => void): TLSSocket {
  const names = isIP(host) === 0 ? { servername: host } : {};
  const secure = connect({ socket, host, ...names, ...(ca === undefined ? {} : { ca }) }, onSecure);
  socket.on("error", (error) => secure.destroy(error));
  return secure;
}
