import type { Socket } from "node:net";
import type { Config } from "../../src/config/settings.ts";
import { type Caller, revokes } from "../../src/model/caller.ts";
import type { Follower, Following } from "../../src/streaming/subscriber.ts";
import { gapText, goodbyeText, openingText } from "./sse-format.ts";
import { type SseMouth, sseMouth } from "./sse-writer.ts";
import { endOfLife, mayReconnect, spreadOut } from "./stream-lifetime.ts";
import type { EndReason, OpenStream, Seat } from "./stream-registry.ts";

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

/** Writes what the tail brings, heartbeats when it brings nothing, and ends in time. */
export function sseStream(deps: SseStreamDeps): SseStream {
  const { socket, seat, caller, config, filtered } = deps;
  const life = endOfLife(caller, config);
  // Spread below the promised interval, so that streams which got the same event don't all beat at the same moment.
  const patience = config.heartbeatSeconds * 1_000 * (0.7 + Math.random() * 0.3) - 250;
  const mouth = sseMouth(socket, deps, () => close("slow"));
  let following: Following | undefined;
  let beats = 0;
  let ended = false;

  function close(why?: EndReason | "slow"): void {
    ended = true;
    following?.stop();
    seat.leave(why);
  }
  function end(reason: EndReason): void {
    if (ended) return;
    close(reason);
    mouth.end(goodbyeText(reason, mayReconnect(reason, caller), reason === "drain" ? spreadOut() : undefined));
  }
  socket.once("close", () => close());

  return {
    end,
    tick: (now) => {
      if (ended || mouth.cutIfSlow(now)) return;
      if (now >= life.at) end(life.reason);
      else if (now - mouth.lastWrite() >= patience) {
        mouth.beat(filtered && ++beats % 2 === 0 ? following?.position() : undefined);
      }
    },
    follows: (it) => {
      following = it;
      if (ended) it.stop();
    },
    follower: followerOf(deps, mouth, end),
  };
}

function followerOf(
  { socket, caller, config, writeHead, sent }: SseStreamDeps,
  mouth: SseMouth,
  end: (reason: EndReason) => void,
): Follower {
  // Let go of after its one use: the request and the response hang on it.
  let head: (() => void) | undefined = writeHead;
  let live = false;
  const { heartbeatSeconds } = config;
  return {
    onStart: (start) => {
      socket.cork();
      head?.();
      head = undefined;
      mouth.say(openingText(start, heartbeatSeconds), start.gap?.latest ?? start.cursor);
      socket.uncork();
    },
    onEvents: (batch) => {
      if (mouth.deliver(batch)) sent(batch.frames.length);
      return live ? undefined : mouth.room();
    },
    onLive: () => {
      live = true;
    },
    onGap: (gap) => mouth.say(gapText(gap), gap.latest),
    onControl: (revocation) => {
      if (revokes(revocation, caller)) end("revoked");
    },
  };
}
