import { EventEmitter, once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";

/** Independent IRC client that speaks the plain protocol and shares no code with the platform. */
export interface IrcPeer {
  /** Sends a line. Resolves with all lines up to the end of the server's processing. */
  readonly send: (line: string) => Promise<readonly string[]>;
  /** Every line so far. */
  readonly lines: readonly string[];
  /** Resolves when a line that fits has come, past or to come. */
  readonly waitFor: (fits: (line: string) => boolean) => Promise<string>;
  readonly nick: string;
  readonly close: () => Promise<void>;
}

/** Logs a peer in. */
export async function ircPeer(port: number, nick: string, password?: string): Promise<IrcPeer> {
  const socket: Socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.setNoDelay(true);
  const lines: string[] = [];
  const received = new EventEmitter();
  received.setMaxListeners(0);
  createInterface({ input: socket }).on("line", (line) => {
    if (line.startsWith("PING")) socket.write(`PONG${line.slice(4)}\r\n`);
    lines.push(line);
    received.emit("line");
  });
  let pings = 0;

  async function hears(fits: (line: string) => boolean): Promise<string> {
    for (;;) {
      const found = lines.find(fits);
      if (found !== undefined) return found;
      await once(received, "line", { signal: AbortSignal.timeout(20_000) });
    }
  }

  async function does(line: string): Promise<readonly string[]> {
    const from = lines.length;
    const token = `peer${++pings}`;
    socket.write(`${line}\r\nPING :${token}\r\n`);
    await hears((got) => got.includes(" PONG ") && got.endsWith(token));
    return lines.slice(from);
  }

  if (password !== undefined) socket.write(`PASS ${password}\r\n`);
  socket.write(`NICK ${nick}\r\nUSER ${nick} 0 * :${nick}\r\n`);
  await hears((line) => / (376|422) /.test(line));
  return {
    send: does,
    lines,
    waitFor: hears,
    nick,
    close: async () => {
      if (socket.closed) return;
      const gone = once(socket, "close");
      socket.end("QUIT\r\n");
      setTimeout(() => socket.destroy(), 500).unref();
      await gone;
    },
  };
}
