import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** Scripted IRC server: the test decides the answers, and all received bytes are kept. */
export interface ScriptedIrc {
  readonly port: number;
  /** All that clients sent, byte for byte. */
  readonly bytes: () => Buffer;
  /** The same in lines, without registration. */
  readonly commands: () => readonly string[];
  readonly connections: () => number;
  readonly stop: () => Promise<void>;
}

/** Answers one line of a client; undefined leaves the line to `welcoming`. */
export type IrcResponder = (line: string, respond: (line: string) => void, socket: Socket) => undefined | "done";

/** Starts the server; lines without a scripted answer are answered as a plain server would. */
export async function scriptedIrc(script: IrcResponder = () => undefined): Promise<ScriptedIrc> {
  const chunks: Buffer[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    let rest = "";
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      const lines = `${rest}${chunk.toString("latin1")}`.split("\r\n");
      rest = lines.pop() ?? "";
      const respond = (line: string): void => void (socket.writable && socket.write(`${line}\r\n`));
      for (const line of lines) if (script(line, respond, socket) === undefined) welcoming(line, respond);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const bytes = () => Buffer.concat(chunks);
  return {
    port: (server.address() as AddressInfo).port,
    bytes,
    commands: () =>
      bytes()
        .toString("utf8")
        .split("\r\n")
        .filter((line) => line !== "" && !/^(CAP|PASS|NICK bob$|USER|PING|AUTHENTICATE)/.test(line)),
    connections: () => connections,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Accepts every client as `bob`, and answers PING and JOIN. */
function welcoming(line: string, respond: (line: string) => void): void {
  const [command, first = ""] = line.split(" ");
  if (command === "CAP" && first === "LS") respond(":srv CAP * LS :");
  if (command === "USER") for (const reply of ["001 bob :Welcome", "422 bob :No MOTD"]) respond(`:srv ${reply}`);
  if (command === "PING") respond(`:srv PONG srv ${line.slice(5)}`);
  if (command === "JOIN") respond(`:bob!b@h JOIN ${first}`);
}
