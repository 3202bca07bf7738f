import { createServer, type Socket } from "node:net";

export interface Pop3Mail {
  readonly uidl: string;
  readonly source: Buffer;
}

export interface Pop3Script {
  /** Mails of the mailbox, read at each login. */
  readonly mails?: () => readonly Pop3Mail[];
  /** Raw answer in place of the usual one. "drop" closes the connection, "hang" sends no answer. */
  readonly say?: (command: string) => string | Buffer | undefined;
  readonly greeting?: string | Buffer;
  readonly capabilities?: readonly string[];
  /** Offsets at which an answer is cut into packets. */
  readonly cuts?: (answer: Buffer) => readonly number[];
}

export interface ScriptedPop3 {
  readonly port: number;
  /** Every line heard, of all sessions. */
  readonly commands: readonly string[];
  /** UIDLs that were deleted, which counts from QUIT on. */
  readonly deleted: readonly string[];
  readonly open: () => number;
  readonly stop: () => Promise<void>;
}

/** Starts a scripted POP3 server that records all commands. Every user and password is accepted. No TLS. */
export async function scriptedPop3(script: Pop3Script = {}): Promise<ScriptedPop3> {
  const commands: string[] = [];
  const deleted: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    converse(socket, script, commands, deleted);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    port: (server.address() as { port: number }).port,
    commands,
    deleted,
    open: () => sockets.size,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Encodes a mail for the wire (RFC 1939 section 3). */
export function stuffed(source: Buffer): Buffer {
  const text = source.toString("latin1").replace(/(^|\r\n)\./g, "$1..");
  return Buffer.from(`+OK\r\n${text}${text.endsWith("\r\n") || text === "" ? "" : "\r\n"}.\r\n`, "latin1");
}

function converse(socket: Socket, script: Pop3Script, commands: string[], deleted: string[]): void {
  const mails = script.mails?.() ?? [];
  const marked = new Set<number>();
  let buffer = "";
  let saying = Promise.resolve();
  const respond = (answer: string | Buffer) => {
    saying = saying.then(() => sayNow(answer));
  };
  async function sayNow(answer: string | Buffer): Promise<void> {
    if (answer === "drop") socket.destroy();
    if (answer === "drop" || answer === "hang") return;
    const bytes = typeof answer === "string" ? Buffer.from(answer, "latin1") : answer;
    let from = 0;
    for (const to of [...(script.cuts?.(bytes) ?? []), bytes.length]) {
      await new Promise<void>((resolve) => socket.write(bytes.subarray(from, to), () => setImmediate(resolve)));
      from = to;
    }
  }
  const listed = (line: (mail: Pop3Mail, number: number) => string) =>
    `+OK\r\n${mails.flatMap((mail, at) => (marked.has(at) ? [] : [`${line(mail, at + 1)}\r\n`])).join("")}.\r\n`;
  function usual(command: string): string | Buffer {
    const [verb = "", number = ""] = command.split(" ");
    const mail = mails[Number(number) - 1];
    switch (verb.toUpperCase()) {
      case "CAPA":
        return `+OK\r\n${[...(script.capabilities ?? ["UIDL", "TOP"]), ""].join("\r\n")}.\r\n`;
      case "UIDL":
        return listed(({ uidl }, at) => `${at} ${uidl}`);
      case "LIST":
        return listed(({ source }, at) => `${at} ${source.length}`);
      case "RETR":
        return mail ? stuffed(mail.source) : "-ERR no such mail\r\n";
      case "TOP":
        return mail ? stuffed(mail.source.subarray(0, mail.source.indexOf("\r\n\r\n") + 4)) : "-ERR no such mail\r\n";
      case "DELE":
        marked.add(Number(number) - 1);
        return "+OK\r\n";
      case "QUIT":
        deleted.push(...mails.flatMap(({ uidl }, at) => (marked.has(at) ? [uidl] : [])));
        return "+OK\r\n";
      default:
        return "+OK\r\n";
    }
  }
  respond(script.greeting ?? "+OK hello\r\n");
  socket.on("data", (chunk) => {
    buffer += chunk.toString("latin1");
    for (let end = buffer.indexOf("\r\n"); end >= 0; end = buffer.indexOf("\r\n")) {
      const command = buffer.slice(0, end);
      buffer = buffer.slice(end + 2);
      commands.push(command);
      respond(script.say?.(command) ?? usual(command));
      if (command === "QUIT") saying.then(() => socket.end());
    }
  });
}
