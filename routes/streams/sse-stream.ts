import type { Socket } from "node:net";
import type { Config } from "../../src/config/settings.ts";
import { type Caller, revokes } from "../../src/model/caller.ts";
import type { SubscriberCallbacks, Subscription } from "../../src/streaming/subscriber.ts";
import { formatGap, formatGoodbye, formatOpening } from "./sse-format.ts";
import { type SseForm, type SseWriter, sseWriter } from "./sse-writer.ts";
import { endOfLife, mayReconnect, spreadOut } from "./stream-lifetime.ts";
import type { EndReason, OpenStream, StreamSlot } from "./stream-registry.ts";

export interface SseStreamDeps extends SseForm {
  readonly socket: Socket;
  readonly slot: StreamSlot;
  readonly caller: Caller;
  readonly config: Pick<Config, "heartbeatSeconds" | "streamAgeSeconds">;
  /** Some events may pass this listener by. Then it is told its position now and then. */
  readonly filtered: boolean;
  /** Writes the answer's head; called once, with the first bytes to follow at once. */
  readonly writeHead: () => void;
  readonly sent: (frames: number) => void;
}

/** Event stream on its raw socket: no request or response object stays behind it. */
export interface SseStream extends OpenStream {
  readonly callbacks: SubscriberCallbacks;
  readonly subscribed: (subscription: Subscription) => void;
}

/** Writes what the tail brings, heartbeats when it brings nothing, and ends in time. */
export function sseStream(deps: SseStreamDeps): SseStream {
  const { socket, slot, caller, config, filtered } = deps;
  const life = endOfLife(caller, config);
  // Spread below the promised interval, so that streams which got the same event don't all beat at the same moment.
  const silenceMs = config.heartbeatSeconds * 1_000 * (0.7 + Math.random() * 0.3) - 250;
  const writer = sseWriter(socket, deps, () => close("slow"));
  let subscription: Subscription | undefined;
  let beats = 0;
  let ended = false;

  function close(why?: EndReason | "slow"): void {
    ended = true;
    subscription?.stop();
    slot.release(why);
  }
  function end(reason: EndReason): void {
    if (ended) return;
    close(reason);
    writer.end(formatGoodbye(reason, mayReconnect(reason, caller), reason === "drain" ? spreadOut() : undefined));
  }
  socket.once("close", () => close());

  return {
    end,
    tick: (now) => {
      if (ended || writer.cutIfSlow(now)) return;
      if (now >= life.at) end(life.reason);
      else if (now - writer.lastWrite() >= silenceMs) {
        writer.heartbeat(filtered && ++beats % 2 === 0 ? subscription?.position() : undefined);
      }
    },
    subscribed: (opened) => {
      subscription = opened;
      if (ended) opened.stop();
    },
    callbacks: followerOf(deps, writer, end),
  };
}

function followerOf(
  { socket, caller, config, writeHead, sent }: SseStreamDeps,
  writer: SseWriter,
  end: (reason: EndReason) => void,
): SubscriberCallbacks {
  // Let go of after its one use: the request and the response hang on it.
  let head: (() => void) | undefined = writeHead;
  let live = false;
  const { heartbeatSeconds } = config;
  return {
    onStart: (start) => {
      socket.cork();
      head?.();
      head = undefined;
      writer.writeText(formatOpening(start, heartbeatSeconds), start.gap?.latest ?? start.cursor);
      socket.uncork();
    },
    onEvents: (batch) => {
      if (writer.writeEvents(batch)) sent(batch.events.length);
      return live ? undefined : writer.drained();
    },
    onLive: () => {
      live = true;
    },
    onGap: (gap) => writer.writeText(formatGap(gap), gap.latest),
    onControl: (revocation) => {
      if (revokes(revocation, caller)) end("revoked");
    },
  };
}
