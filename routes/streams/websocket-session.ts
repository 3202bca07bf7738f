import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import type { Config } from "../../src/config/settings.ts";
import { selectorOf, selectsAll } from "../../src/event-log/filter.ts";
import { type Caller, revokes } from "../../src/model/caller.ts";
import type { Log } from "../../src/model/log.ts";
import type { StreamGap, SubscriberCallbacks, Subscription, Tail } from "../../src/streaming/subscriber.ts";
import { Problem } from "../http/problem.ts";
import { problemTypesOf } from "../http/problem-types.ts";
import { itemJson } from "../http/submit-items.ts";
import { endOfLife, mayReconnect } from "./stream-lifetime.ts";
import type { StreamQuery } from "./stream-query.ts";
import type { EndReason, StreamRegistry, StreamSlot } from "./stream-registry.ts";
import { keepalive } from "./websocket-keepalive.ts";
import { type WebSocketReceiver, webSocketReceiver } from "./websocket-receiver.ts";
import type { SubmitFrame } from "./websocket-submit.ts";
import { type WebSocketWriter, webSocketWriter } from "./websocket-writer.ts";

export interface WebSocketSessionDeps {
  readonly ws: WebSocket;
  /** The raw socket below `ws`. */
  readonly socket: Duplex;
  readonly caller: Caller;
  readonly query: StreamQuery;
  readonly slot: StreamSlot;
  readonly submit: SubmitFrame;
  readonly tail: Tail;
  readonly streams: Pick<StreamRegistry, "sent">;
  readonly config: Pick<Config, "streamAgeSeconds">;
  readonly log: Log;
}

/** 44xx: don't come back with the same credentials; 45xx: come back and resume. */
const CLOSE_CODES: Record<EndReason, number> = {
  drain: 4503,
  age: 4505,
  expired: 4401,
  revoked: 4401,
  limit: 4429,
  unavailable: 4500,
};

/** Session of a WebSocket: activities in, their answers and the app's events out. */
export function openWebSocketSession(deps: WebSocketSessionDeps): void {
  const { ws, caller, query, slot } = deps;
  const life = endOfLife(caller, deps.config);
  const filtered = !selectsAll(selectorOf(query.filter, caller.limits));
  const ping = keepalive(ws);
  let subscription: Subscription | undefined;
  const types = problemTypesOf(deps.socket);
  let over = false;

  const close = (why?: EndReason | "slow"): void => {
    over = true;
    subscription?.stop();
    slot.release(why);
  };
  const writer = webSocketWriter(ws, deps.socket as Socket, query.writer, () => close("slow"));
  const receiver = webSocketReceiver({
    ws,
    submit: (frame) => deps.submit(caller, frame),
    answer: (answers) => {
      for (const answer of answers) writer.writeMessage(itemJson(answer, types));
    },
    overflow: () => {
      close("slow");
      ws.terminate();
    },
  });
  const end = (reason: EndReason): void => {
    if (over) return;
    writer.writeMessage({ type: "goodbye", reason, reconnect: mayReconnect(reason, caller) });
    close(reason);
    ws.close(CLOSE_CODES[reason], reason);
  };
  const tick = (now: number): void => {
    if (over || writer.cutIfSlow(now)) return;
    if (now >= life.at) {
      end(life.reason);
      return;
    }
    ping(now);
    if (filtered && subscription && !receiver.busy()) writer.writePosition(subscription.position(), now);
  };
  ws.on("message", (data, isBinary) => {
    if (over) return;
    if (!isBinary) return receiver.receive(bytesOf(data));
    writer.writeMessage(itemJson({ ok: false, problem: notText() }, types));
    close();
    ws.close(4400, "bad frame");
  });
  ws.on("close", () => close());
  slot.open({ tick, end });
  if (!caller.scopes.has("listen")) return;
  follow(deps, followerOf(deps, writer, receiver, end), end, (opened) => {
    subscription = opened;
    if (over) opened.stop();
  });
}

function follow(
  { tail, caller, query, log }: WebSocketSessionDeps,
  callbacks: SubscriberCallbacks,
  end: (reason: EndReason) => void,
  joined: (subscription: Subscription) => void,
): void {
  const { after, filter } = query;
  tail
    .subscribe({ app: caller.app, after, filter, limits: caller.limits }, callbacks)
    .then(joined, (error: unknown) => {
      log.debug({ err: error }, "websocket could not subscribe to the event log");
      end("unavailable");
    });
}

function followerOf(
  { caller, streams }: WebSocketSessionDeps,
  writer: WebSocketWriter,
  receiver: WebSocketReceiver,
  end: (reason: EndReason) => void,
): SubscriberCallbacks {
  let live = false;
  const gapped = (gap: StreamGap) => {
    writer.writeMessage({ type: "gap", requested: null, ...gap, cursor: gap.latest });
    writer.noteCursor(gap.latest);
  };
  return {
    onStart: ({ cursor, gap }) => {
      writer.writeMessage({ type: "ready", cursor });
      writer.noteCursor(cursor);
      if (gap) gapped(gap);
    },
    onEvents: (batch) => {
      receiver.afterAnswers(() => streams.sent("socket", writer.writeEvents(batch)));
      return live ? undefined : writer.drained();
    },
    onLive: () => {
      live = true;
    },
    onGap: (gap) => receiver.afterAnswers(() => gapped(gap)),
    onControl: (revocation) => {
      if (revokes(revocation, caller)) end("revoked");
    },
  };
}

/** Messages come as one Buffer, since `ws` is left at its default `binaryType`. */
function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

function notText(): Problem {
  return new Problem("unsupported-media-type", "Send activities as text frames of JSON.");
}
