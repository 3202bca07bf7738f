import { connect } from "node:net";

/** `busy`: something listens but can't serve yet (it loads its data, or hangs). */
export type Life = "ready" | "busy" | "dead";

const PATIENCE_MS = 2_000;

/** Asks the server behind a unix socket whether it lives. Never throws. */
export function lifeOf(socket: string): Promise<Life> {
  return new Promise((done) => {
    let connected = false;
    const link = connect(socket);
    const answer = (life: Life): void => {
      link.destroy();
      done(life);
    };
    link.setTimeout(PATIENCE_MS, () => answer(connected ? "busy" : "dead"));
    link.once("error", () => answer("dead"));
    link.once("close", () => answer("dead"));
    link.once("connect", () => {
      connected = true;
      link.write("PING\r\n");
    });
    link.once("data", (data) => answer(data.toString("latin1").startsWith("+PONG") ? "ready" : "busy"));
  });
}
