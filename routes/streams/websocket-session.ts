import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { Config } from "../../src/config/settings.ts";
import { selectorOf, selectsAll } from "../../src/event-log/filter.ts";
import { type Caller, revokes } from "../../src/model/caller.ts";
import type { Log } from "../../src/model/log.ts";
import type { Follower, Following, Gap, Tail } from "../../src/streaming/subscriber.ts";
import { Problem } from "../http/problem.ts";
import { itemJson } from "../http/submit-items.ts";
import { endOfLife, mayReconnect } from "./stream-lifetime.ts";
import type { StreamQuery } from "./stream-query.ts";
import type { EndReason, Seat, StreamSet } from "./stream-registry.ts";
import { socketPulse } from "./websocket-keepalive.ts";
import { type SocketIntake, socketIntake } from "./websocket-receiver.ts";
import type { SubmitText } from "./websocket-submit.ts";
import { type SocketMouth, socketMouth } from "./websocket-writer.ts";

export interface SocketSessionDeps {
  readonly ws: WebSocket;
  /** The raw socket below `ws`. */
  readonly socket: Duplex;
  readonly caller: Caller;
  readonly query: StreamQuery;
  readonly seat: Seat;
  readonly submit: SubmitText;
  readonly tail: Tail;
  readonly streams: Pick<StreamSet, "sent">;
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

/** One WebSocket: activities in, their answers and the app's events out. */
export function socketSession(deps: SocketSessionDeps): void {
  const { ws, caller, query, seat } = deps;
  const life = endOfLife(caller, deps.config);
  const filtered = !selectsAll(selectorOf(query.filter, caller.limits));
  const pulse = socketPulse(ws);
  let following: Following | undefined;
  let over = false;

  const close = (why?: EndReason | "slow"): void => {
    over = true;
    following?.stop();
    seat.leave(why);
  };
  const mouth = socketMouth(ws, deps.socket as Socket, () => close("slow"));
  const intake = socketIntake({
    ws,
    submit: (text) => deps.submit(caller, text),
    answer: (answers) => {
      for (const one of answers) mouth.say(itemJson(one));
    },
    overflow: () => {
      close("slow");
      ws.terminate();
    },
  });
  const end = (reason: EndReason): void => {
    if (over) return;
    mouth.say({ type: "goodbye", reason, reconnect: mayReconnect(reason, caller) });
    close(reason);
    ws.close(CLOSE_CODES[reason], reason);
  };
  const tick = (now: number): void => {
    if (over || mouth.cutIfSlow(now)) return;
    if (now >= life.at) {
      end(life.reason);
      return;
    }
    pulse(now);
    if (filtered && following && !intake.busy()) mouth.position(following.position(), now);
  };
  ws.on("message", (data, isBinary) => {
    if (over) return;
    if (!isBinary) return intake.take(data.toString());
    mouth.say(itemJson({ ok: false, problem: notText() }));
    close();
    ws.close(4400, "bad frame");
  });
  ws.on("close", () => close());
  seat.open({ tick, end });
  if (!caller.scopes.has("listen")) return;
  follow(deps, followerOf(deps, mouth, intake, end), end, (it) => {
    following = it;
    if (over) it.stop();
  });
}

function follow(
  { tail, caller, query, log }: SocketSessionDeps,
  follower: Follower,
  end: (reason: EndReason) => void,
  joined: (following: Following) => void,
): void {
  const { after, filter } = query;
  tail.follow({ app: caller.app, after, filter, limits: caller.limits }, follower).then(joined, (error: unknown) => {
    log.debug({ err: error }, "a socket could not follow the event log");
    end("unavailable");
  });
}

function followerOf(
  { caller, streams }: SocketSessionDeps,
  mouth: SocketMouth,
  intake: SocketIntake,
  end: (reason: EndReason) => void,
): Follower {
  let live = false;
  const gapped = (gap: Gap) => {
    mouth.say({ type: "gap", requested: null, ...gap, cursor: gap.latest });
    mouth.told(gap.latest);
  };
  return {
    onStart: ({ cursor, gap }) => {
      mouth.say({ type: "ready", cursor });
      mouth.told(cursor);
      if (gap) gapped(gap);
    },
    onEvents: (batch) => {
      intake.pass(() => streams.sent("socket", mouth.deliver(batch)));
      return live ? undefined : mouth.room();
    },
    onLive: () => {
      live = true;
    },
    onGap: (gap) => intake.pass(() => gapped(gap)),
    onControl: (revocation) => {
      if (revokes(revocation, caller)) end("revoked");
    },
  };
}

function notText(): Problem {
  return new Problem("unsupported-media-type", "Send activities as text frames that hold JSON.");
}
