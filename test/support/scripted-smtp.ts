import { createServer, type Socket } from "node:net";

export interface SmtpScript {
  /** Replies by step; a function receives the whole command. "drop" closes the connection, "hang" sends no reply. */
  readonly greeting?: string;
  readonly ehlo?: readonly string[];
  readonly auth?: Step;
  readonly mail?: Step;
  readonly rcpt?: Step;
  readonly data?: Step;
  /** After the final dot. */
  readonly dot?: Step;
  /** Said as soon as the first byte of the body comes. */
  readonly early?: string;
}
type Step = string | ((line: string, times: number) => string);

export interface ScriptedSmtp {
  readonly port: number;
  /** Every command line heard. */
  readonly commands: readonly string[];
  /** Messages that were received with their final dot. */
  readonly messages: readonly string[];
  /** Body bytes of messages without a final dot. */
  readonly torn: readonly string[];
  readonly connections: () => number;
  /** Closes every open connection, as servers close idle ones. */
  readonly dropConnection: () => void;
  readonly stop: () => Promise<void>;
}

/** Starts a scripted mail server that records all commands. No TLS. */
export async function scriptedSmtp(script: SmtpScript = {}): Promise<ScriptedSmtp> {
  const received = { commands: [] as string[], messages: [] as string[], torn: [] as string[] };
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    converse(socket, script, received);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const dropConnection = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    ...received,
    port: (server.address() as { port: number }).port,
    connections: () => connections,
    dropConnection,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        dropConnection();
      }),
  };
}

function converse(
  socket: Socket,
  script: SmtpScript,
  received: { readonly commands: string[]; readonly messages: string[]; readonly torn: string[] },
): void {
  let buffer = "";
  let body = false;
  let sender = true;
  let { early } = script;
  const times = new Map<string, number>();
  const respond = (reply: string): void => {
    if (reply === "drop") socket.destroy();
    else if (reply !== "hang") socket.write(`${reply}\r\n`);
  };
  const step = (name: string, scripted: Step | undefined, usual: string, line = ""): string => {
    const count = (times.get(name) ?? 0) + 1;
    times.set(name, count);
    return typeof scripted === "function" ? scripted(line, count) : (scripted ?? usual);
  };
  const command = (line: string): void => {
    received.commands.push(line);
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === "EHLO") {
      const lines = ["scripted", ...(script.ehlo ?? ["PIPELINING", "8BITMIME"])];
      respond(lines.map((text, at) => `250${at < lines.length - 1 ? "-" : " "}${text}`).join("\r\n"));
    } else if (verb === "AUTH") respond(step("auth", script.auth, "235 2.7.0 Ok", line));
    else if (verb === "MAIL") {
      const reply = step("mail", script.mail, "250 2.1.0 Ok", line);
      sender = !/^[45]/.test(reply);
      respond(reply);
    } else if ((verb === "RCPT" || verb === "DATA") && !sender) respond("503 5.5.1 No sender");
    else if (verb === "RCPT") respond(step("rcpt", script.rcpt, "250 2.1.5 Ok", line));
    else if (verb === "DATA") {
      const reply = step("data", script.data, "354 Go on", line);
      body = reply.startsWith("354");
      respond(reply);
    } else if (verb === "QUIT") socket.end("221 Bye\r\n");
    else respond("250 Ok");
  };
  respond(script.greeting ?? "220 scripted ESMTP");
  socket.on("close", () => {
    if (body) received.torn.push(buffer.slice(2));
  });
  socket.on("data", (chunk) => {
    buffer += chunk.toString("latin1");
    for (;;) {
      const ends = buffer.indexOf(body ? "\r\n.\r\n" : "\r\n");
      if (ends < 0) break;
      const piece = buffer.slice(0, ends);
      buffer = buffer.slice(ends + (body ? 5 : 2));
      if (body) {
        body = false;
        // A lone dot ends DATA when every recipient was refused before (RFC 2920 section 3.1).
        if (piece === "") respond("554 5.5.1 No valid recipients");
        else {
          received.messages.push(piece.slice(2));
          respond(step("dot", script.dot, "250 2.0.0 Queued", piece.slice(2)));
        }
      } else {
        command(piece);
        // The line end before the body counts for a dot that comes at once.
        if (body) buffer = `\r\n${buffer}`;
      }
    }
    if (body && buffer !== "\r\n" && early !== undefined) {
      respond(early);
      early = undefined;
    }
  });
}
