import { EventEmitter, once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Frames } from "./fault-proxy-frames.ts";

/** Fault that happens instead of a server's answer to a step. */
export type Fault =
  /**
   * Answers in place of the server, which never receives the command unless `forwards`. `closes` then ends the
   * connection.
   */
  | {
      readonly kind: "says";
      readonly answer: (command: string) => string | Buffer;
      readonly closes?: boolean;
      readonly forwards?: boolean;
    }
  /** Forwards no further bytes in either direction; the connection stays open. */
  | { readonly kind: "hangs" }
  | { readonly kind: "closes" }
  /** Forwards the command and half of the first chunk of the response. Then closes, or hangs. */
  | { readonly kind: "halves"; readonly hangs?: boolean }
  /** Forwards the command, and the response a byte at a time. `endsWithAnswer`: until the next command. */
  | {
      readonly kind: "trickles";
      readonly everyMs: number;
      readonly endsWithAnswer?: boolean;
      /** Number of slow bytes; default: all. */
      readonly bytes?: number;
    };

export interface FaultProxyOptions {
  /** Port of the real server on loopback. */
  readonly upstream: number;
  /** Creates the splitter of a connection's client side. */
  readonly frames: () => Frames;
  /** Creates the naming of a connection's steps: the step that a command is, or undefined. */
  readonly steps: () => (command: string) => string | undefined;
}

/** Fault that waits for its step. */
export interface ArmedFault {
  /** Resolves when the fault has happened for the first time. */
  readonly struck: Promise<void>;
  readonly times: () => number;
  /** Lets the step pass from now on. */
  readonly disarm: () => void;
}

export interface FaultProxy {
  readonly port: number;
  /** Steps that all connections took so far, in order; the first of each is `CONNECT`. */
  readonly requests: readonly string[];
  /** Lets the fault happen at the next `times` occurrences of the step. */
  readonly arm: (step: string, fault: Fault, times?: number) => ArmedFault;
  /** Sends a server message to every client now; `closes` then ends the connections. */
  readonly sendToClients: (text: string | Buffer, settings?: { readonly closes?: boolean }) => void;
  /** Number of open connections of clients. */
  readonly open: () => number;
  readonly close: () => Promise<void>;
}

/** Step before the first byte of each connection. Its response is the server's greeting. */
export const CONNECT = "connect";

/** First byte of TLS: from there on the proxy passes bytes. */
const TLS_HANDSHAKE = 0x16;

/**
 * Starts a proxy before a real server on loopback, which injects faults at named steps. Protocols are known by `frames`
 * and `steps` only.
 */
export async function faultProxy({ upstream, frames, steps }: FaultProxyOptions): Promise<FaultProxy> {
  const clients = new Set<Socket>();
  const servers = new Set<Socket>();
  const requests: string[] = [];
  const armed = armedFaults();

  const listener = createServer({ noDelay: true }, (client) => {
    tracked(clients, client);
    proxied(client, {
      split: frames(),
      stepOf: steps(),
      faultAt: (step) => {
        requests.push(step);
        return armed.take(step);
      },
      server: () => {
        const server = connect({ port: upstream, host: "127.0.0.1", noDelay: true });
        tracked(servers, server);
        return server;
      },
    });
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");

  return {
    port: (listener.address() as AddressInfo).port,
    requests,
    arm: armed.arm,
    sendToClients: (text, { closes = false } = {}) => {
      for (const client of clients) {
        client.write(text);
        if (closes) client.end();
      }
    },
    open: () => clients.size,
    close: async () => {
      for (const socket of [...clients, ...servers]) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function tracked(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
}

function armedFaults() {
  const waiting = new Map<string, { readonly fault: Fault; left: number; readonly strike: () => void }>();
  return {
    take: (step: string): Fault | undefined => {
      const entry = waiting.get(step);
      if (!entry || entry.left === 0) return undefined;
      entry.left -= 1;
      entry.strike();
      return entry.fault;
    },
    arm: (step: string, fault: Fault, times = 1): ArmedFault => {
      const strikes = new EventEmitter();
      let count = 0;
      const struck = once(strikes, "strike").then(() => undefined);
      const strike = (): void => {
        count += 1;
        strikes.emit("strike");
      };
      waiting.set(step, { fault, left: times, strike });
      return { struck, times: () => count, disarm: () => void waiting.delete(step) };
    },
  };
}

interface ProxiedOptions {
  readonly split: Frames;
  readonly stepOf: (command: string) => string | undefined;
  readonly faultAt: (step: string) => Fault | undefined;
  /** Connects to the real server. */
  readonly server: () => Socket;
}

/** Handling of the server's bytes on a connection. */
type Passing = "all" | "nothing" | "half" | "bytes";

function proxied(client: Socket, { split, stepOf, faultAt, server: upstream }: ProxiedOptions): void {
  let passing: Passing = "all";
  let trickleMs = 0;
  let tricklesOnce = false;
  let slowBytes = Number.POSITIVE_INFINITY;
  let hangsAfterHalf = false;
  let isRaw = false;
  let server: Socket | undefined;
  const end = (): void => {
    client.end();
    server?.destroy();
  };

  /** Commits the fault; returns whether the command still goes to the server. */
  const strike = (fault: Fault, command: string): boolean => {
    switch (fault.kind) {
      case "says":
        client.write(fault.answer(command));
        if (fault.closes) end();
        return fault.forwards === true;
      case "hangs":
        passing = "nothing";
        return false;
      case "closes":
        end();
        return false;
      case "halves":
        passing = "half";
        hangsAfterHalf = fault.hangs === true;
        return true;
      case "trickles":
        passing = "bytes";
        trickleMs = fault.everyMs;
        tricklesOnce = fault.endsWithAnswer === true;
        slowBytes = fault.bytes ?? slowBytes;
        return true;
    }
  };

  const atConnect = faultAt(CONNECT);
  if (!atConnect || strike(atConnect, "")) {
    server = upstream();
    const slowly = trickle(client, () => ({ everyMs: trickleMs, bytes: slowBytes }));
    server.on("data", (chunk) => {
      if (passing === "all") slowly.flush(chunk);
      if (passing === "bytes") slowly.write(chunk);
      if (passing !== "half") return;
      client.write(chunk.subarray(0, Math.ceil(chunk.length / 2)));
      if (hangsAfterHalf) passing = "nothing";
      else end();
    });
    server.on("close", () => (passing === "all" || passing === "half") && client.end());
  }
  client.on("close", () => server?.destroy());
  client.on("data", (chunk) => {
    isRaw ||= chunk[0] === TLS_HANDSHAKE;
    if (isRaw) return void server?.write(chunk);
    for (const frame of split(chunk)) {
      const command = frame.toString("latin1");
      const step = stepOf(command);
      if (tricklesOnce && passing === "bytes") passing = "all";
      const fault = step === undefined || passing === "nothing" ? undefined : faultAt(step);
      if (fault && !strike(fault, command)) continue;
      if (passing !== "nothing" && server?.writable) server.write(frame);
    }
  });
}

/** Returns a writer that forwards a byte at a time. `flush` forwards all that is left. */
function trickle(client: Socket, pace: () => { readonly everyMs: number; readonly bytes: number }) {
  let waiting = Buffer.alloc(0);
  let slowCount = 0;
  let timer: NodeJS.Timeout | undefined;
  client.on("close", () => clearInterval(timer));
  return {
    write: (chunk: Buffer): void => {
      waiting = Buffer.concat([waiting, chunk]);
      timer ??= setInterval(() => {
        const size = slowCount < pace().bytes ? 1 : waiting.length;
        if (client.writable && waiting.length > 0) client.write(waiting.subarray(0, size));
        slowCount += Math.min(size, waiting.length);
        waiting = waiting.subarray(size);
      }, pace().everyMs);
    },
    flush: (chunk: Buffer): void => {
      client.write(Buffer.concat([waiting, chunk]));
      waiting = Buffer.alloc(0);
    },
  };
}
