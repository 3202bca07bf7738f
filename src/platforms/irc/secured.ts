import { isIP, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { fault } from "./fault.ts";

export interface SecureSettings {
  readonly host: string;
  /** PEM of the only authority to trust; else the system's. */
  readonly ca?: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Puts TLS on a socket of the egress guard; rejects with Node's error for a certificate that does not fit `host`. */
export function secured(socket: Socket, { host, ca, timeoutMs, signal }: SecureSettings): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const line = connect({ socket, host, ...servername, ...(ca === undefined ? {} : { ca }) });
    const timer = setTimeout(() => fail(fault("ETIMEDOUT", "The TLS handshake took too long")), timeoutMs);
    const onAbort = () => fail(signal.reason);
    const onClose = () => fail(fault("ECONNRESET", "The server closed during the TLS handshake"));
    const settle = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      line.removeListener("close", onClose);
    };
    const fail = (error: unknown) => {
      settle();
      line.destroy();
      socket.destroy();
      reject(error);
    };
    line.once("close", onClose);
    // Stays on, so that a reset between here and the next listener does not end the process.
    line.on("error", fail);
    line.once("secureConnect", () => {
      settle();
      resolve(line);
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}
