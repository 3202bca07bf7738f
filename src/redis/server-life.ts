import { connect } from "node:net";

/** Liveness of the server behind a socket. */
export interface ServerLiveness {
  /** `busy`: a process listens but can't serve yet (loads its data, or hangs). */
  readonly state: "ready" | "busy" | "dead";
  /** The server's process id. */
  readonly pid?: number;
}

const PROBE_TIMEOUT_MS = 2_000;

/** Asks the server behind a unix socket for a sign of life. Never throws. */
export function probeServer(socket: string): Promise<ServerLiveness> {
  return new Promise((done) => {
    let received = "";
    let connected = false;
    const link = connect(socket);
    const answer = (state: ServerLiveness["state"]): void => {
      link.destroy();
      const pid = /^process_id:(\d+)/m.exec(received)?.[1];
      done(pid === undefined ? { state } : { state, pid: Number(pid) });
    };
    link.setTimeout(PROBE_TIMEOUT_MS, () => answer(connected ? "busy" : "dead"));
    link.once("error", () => answer("dead"));
    link.once("close", () => answer("dead"));
    link.once("connect", () => {
      connected = true;
      link.write("PING\r\nINFO server\r\n");
    });
    link.on("data", (data) => {
      received += data.toString("latin1");
      if (/^process_id:\d+\r/m.test(received)) answer(received.startsWith("+PONG") ? "ready" : "busy");
    });
  });
}
