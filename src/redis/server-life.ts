import { connect } from "node:net";

/** What answers behind a socket. */
export interface Life {
  /** `busy`: something listens but can't serve yet (it loads its data, or hangs). */
  readonly state: "ready" | "busy" | "dead";
  /** The server's process. */
  readonly pid?: number;
}

const PATIENCE_MS = 2_000;

/** Asks the server behind a unix socket whether it lives. Never throws. */
export function lifeOf(socket: string): Promise<Life> {
  return new Promise((done) => {
    let heard = "";
    let connected = false;
    const link = connect(socket);
    const answer = (state: Life["state"]): void => {
      link.destroy();
      const pid = /^process_id:(\d+)/m.exec(heard)?.[1];
      done(pid === undefined ? { state } : { state, pid: Number(pid) });
    };
    link.setTimeout(PATIENCE_MS, () => answer(connected ? "busy" : "dead"));
    link.once("error", () => answer("dead"));
    link.once("close", () => answer("dead"));
    link.once("connect", () => {
      connected = true;
      link.write("PING\r\nINFO server\r\n");
    });
    link.on("data", (data) => {
      heard += data.toString("latin1");
      if (/^process_id:\d+\r/m.test(heard)) answer(heard.startsWith("+PONG") ? "ready" : "busy");
    });
  });
}
