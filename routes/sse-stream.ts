import type { Socket } from "node:net";
import { type Caller, revokes } from "../src/apps/caller.ts";
import type { Config } from "../src/config.ts";
import type { Follower, Following } from "../src/events/follower.ts";
import type { FrameKind } from "../src/events/frame.ts";
import { chunkOf, LAST_CHUNK } from "../src/events/sse.ts";
import { gapText, goodbyeText, openingText, positionText } from "./sse-text.ts";
import { endOfLife, mayReconnect, spreadOut } from "./stream-life.ts";
import { streamOutlet } from "./stream-outlet.ts";
import type { EndReason, OpenStream, Seat } from "./stream-set.ts";

export interface SseStreamDeps {
  readonly socket: Socket;
  readonly seat: Seat;
  readonly caller: Caller;
  readonly config: Pick<Config, "heartbeatSeconds" | "streamAgeSeconds">;
  /** HTTP/1.1; an HTTP/1.0 peer gets the bare text until the connection closes. */
  readonly chunked: boolean;
  readonly named: boolean;
  /** Some events may pass this listener by: then it is told its position now and then. */
  readonly filtered: boolean;
  /** Writes the answer's head; called once, with the first bytes to follow at once. */
  readonly writeHead: () => void;
  readonly sent: (frames: number) => void;
}

/** One event stream on its raw socket: no request or response object stays behind it. */
export interface SseStream extends OpenStream {
  readonly follower: Follower;
  readonly follows: (following: Following) => void;
}

const LINGER_MS = 5_000;
const HEARTBEAT = ":\n\n";

/** Writes what the tail brings, heartbeats when it brings nothing, and ends in time. */
export function sseStream(deps: SseStreamDeps): SseStream {
  const { socket, seat, caller, config, chunked, named, filtered, sent } = deps;
  let writeHead: (() => void) | undefined = deps.writeHead;
  const kind: FrameKind = named ? (chunked ? "named" : "namedPlain") : chunked ? "sse" : "ssePlain";
  const life = endOfLife(caller, config);
  // Spread below the promised interval, so that streams which got the same event don't all beat at the same moment.
  const patience = config.heartbeatSeconds * 1_000 * (0.7 + Math.random() * 0.3) - 250;
  const outlet = streamOutlet(socket, () => close("slow"));
  const encode = chunked ? chunkOf : (text: string) => Buffer.from(text);
  let following: Following | undefined;
  let told = "";
  let beats = 0;
  let ended = false;
  let live = false;

  function close(why?: EndReason | "slow"): void {
    ended = true;
    following?.stop();
    seat.leave(why);
  }
  function end(reason: EndReason): void {
    if (ended) return;
    close(reason);
    const words = goodbyeText(reason, mayReconnect(reason, caller), reason === "drain" ? spreadOut() : undefined);
    const bytes = encode(words);
    socket.end(chunked ? Buffer.concat([bytes, LAST_CHUNK]) : bytes);
    const impatience = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    socket.once("close", () => clearTimeout(impatience));
  }
  function beat(): void {
    const position = filtered && ++beats % 2 === 0 ? following?.position() : undefined;
    if (position === undefined || position === told) {
      outlet.write(encode(HEARTBEAT));
      return;
    }
    told = position;
    outlet.write(encode(positionText(position)));
  }
  socket.once("close", () => close());

  return {
    end,
    tick: (now) => {
      if (ended || outlet.cutIfSlow(now)) return;
      if (now >= life.at) end(life.reason);
      else if (now - outlet.lastWrite() >= patience) beat();
    },
    follows: (it) => {
      following = it;
      if (ended) it.stop();
    },
    follower: {
      onStart: (start) => {
        told = start.cursor;
        socket.cork();
        writeHead?.();
        writeHead = undefined;
        outlet.write(encode(openingText(start, config.heartbeatSeconds)));
        socket.uncork();
      },
      onEvents: (batch) => {
        if (ended) return;
        told = batch.frames[batch.frames.length - 1]?.cursor ?? told;
        if (outlet.write(batch.bytes(kind))) sent(batch.frames.length);
        return live ? undefined : outlet.room();
      },
      onLive: () => {
        live = true;
      },
      onGap: (gap) => {
        told = gap.latest;
        if (!ended) outlet.write(encode(gapText(gap)));
      },
      onControl: (revocation) => {
        if (revokes(revocation, caller)) end("revoked");
      },
    },
  };
}
