import { isIP, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";

/** Whom the certificate must be for, and who may have signed it (PEM); default the system's authorities. */
export interface Trust {
  readonly host: string;
  readonly ca?: string | undefined;
  /** Protocol to agree on (ALPN, RFC 7301). */
  readonly protocol?: string;
}

/** Starts TLS on a socket that the egress guard opened; opens none itself. Faults are emitted on the result. */
export function startTls(socket: Socket, { host, ca, protocol }: Trust, onSecure?: () => void): TLSSocket {
  const words = {
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(protocol === undefined ? {} : { ALPNProtocols: [protocol] }),
  };
  const secure = connect({ socket, host, ...words }, onSecure);
  socket.on("error", (error) => secure.destroy(error));
  return secure;
}

/** Waits for the handshake's end. Rejects with Node's error for a certificate that does not fit, and when `signal` aborts. */
export function tlsHandshake(secure: TLSSocket, timeoutMs: number, signal?: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(broken("ETIMEDOUT", "The TLS handshake took too long")), timeoutMs);
    const onAbort = () => fail(signal?.reason);
    const onClose = () => fail(broken("ECONNRESET", "The server closed during the TLS handshake"));
    function settle(): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      secure.removeListener("close", onClose);
    }
    function fail(error: unknown): void {
      settle();
      secure.destroy();
      reject(error);
    }
    secure.once("close", onClose);
    // Stays on, so that a reset between here and the next listener does not end the process.
    secure.on("error", fail);
    secure.once("secureConnect", () => {
      settle();
      resolve(secure);
    });
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
  });
}

function broken(code: string, words: string): Error {
  return Object.assign(new Error(words), { code });
}
