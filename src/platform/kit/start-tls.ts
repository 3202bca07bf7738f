import { isIP, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";

/** Trust in the server of a TLS connection. */
export interface Trust {
  /** Name that the certificate must be valid for. */
  readonly host: string;
  /** Certificate authorities (PEM); default: those of the system. */
  readonly ca?: string | undefined;
  /** Protocol to agree on (ALPN, RFC 7301). */
  readonly protocol?: string;
}

/** Starts TLS on a socket that the egress guard opened. Errors are emitted on the result. */
export function startTls(socket: Socket, { host, ca, protocol }: Trust, onSecure?: () => void): TLSSocket {
  const options = {
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(protocol === undefined ? {} : { ALPNProtocols: [protocol] }),
  };
  const secure = connect({ socket, host, ...options }, onSecure);
  socket.on("error", (error) => secure.destroy(error));
  return secure;
}

/** Waits for the end of the handshake. Rejects with Node's error for an invalid certificate, and when `signal` aborts. */
export function tlsHandshake(secure: TLSSocket, timeoutMs: number, signal?: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(codedError("ETIMEDOUT", "The TLS handshake took too long")), timeoutMs);
    const onAbort = () => fail(signal?.reason);
    const onClose = () => fail(codedError("ECONNRESET", "The server closed during the TLS handshake"));
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

function codedError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
