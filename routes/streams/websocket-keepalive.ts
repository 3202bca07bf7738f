import type { WebSocket } from "ws";

const PING_MS = 25_000;
const PONG_MS = 15_000;

/** Pings a peer and ends the connection of one that no longer answers. Called with the time, twice a second. */
export function keepalive(ws: WebSocket): (now: number) => void {
  let pingedAt = Date.now();
  let awaiting = false;
  const alive = () => {
    awaiting = false;
  };
  ws.on("pong", alive).on("message", alive);
  return (now) => {
    // While we don't read, its pong can't reach us.
    if (awaiting && now - pingedAt > PONG_MS && !ws.isPaused) ws.terminate();
    else if (now - pingedAt >= PING_MS) {
      pingedAt = now;
      awaiting = true;
      ws.ping();
    }
  };
}
