import { EventEmitter, once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import type { Certificate } from "./mail-certificate.ts";

/** Words of a server, after which a client gives its login. */
export interface Conversation {
  readonly greeting?: string;
  /** Returns the answer to a line, or undefined for none. */
  readonly answer: (line: string) => string | undefined;
  /** Matches the line after whose answer TLS begins. */
  readonly startTls?: RegExp;
}

/** Server that nobody should trust with a login; keeps all that it is told. */
export interface Eavesdropper {
  readonly port: number;
  /** Bytes of all clients, decrypted. */
  readonly heard: () => Buffer;
  /** Resolves when a client has left. */
  readonly left: Promise<unknown>;
  readonly stop: () => Promise<void>;
}

/** First byte of a TLS handshake. */
const HANDSHAKE = 0x16;

/** Starts the server. With a certificate it speaks TLS from the first byte, or after STARTTLS. */
export async function eavesdropper(
  conversation: Conversation,
  settings: { readonly certificate?: Certificate; readonly isImplicit?: boolean } = {},
): Promise<Eavesdropper> {
  const { certificate, isImplicit = false } = settings;
  const chunks: Buffer[] = [];
  const events = new EventEmitter();
  const left = once(events, "left");
  const sockets = new Set<Socket>();

  function converse(socket: Socket): void {
    const { answer, startTls } = conversation;
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      // TLS where none is spoken.
      if (chunk[0] === HANDSHAKE) return void socket.destroy();
      for (const line of chunk.toString("latin1").split(/(?<=\n|>)/)) {
        const reply = answer(line);
        if (reply !== undefined) socket.write(reply);
        if (certificate === undefined || !startTls?.test(line)) continue;
        socket.off("data", onData);
        secure(socket, certificate);
        return;
      }
    };
    socket.on("data", onData);
  }

  function secure(socket: Socket, { cert, key }: Certificate): void {
    const encrypted = new TLSSocket(socket, { isServer: true, cert, key });
    encrypted.on("error", () => undefined).on("close", () => events.emit("left"));
    converse(encrypted);
  }

  function welcome(socket: Socket): void {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      sockets.delete(socket);
      events.emit("left");
    });
    if (conversation.greeting !== undefined) socket.write(conversation.greeting);
    converse(socket);
  }

  const server =
    certificate !== undefined && isImplicit
      ? createTlsServer({ cert: certificate.cert, key: certificate.key }, welcome)
      : createServer(welcome);
  server.on("tlsClientError", () => events.emit("left"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    heard: () => Buffer.concat(chunks),
    left,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
