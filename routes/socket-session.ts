import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { type Caller, revokes } from "../src/apps/caller.ts";
import type { Config } from "../src/config.ts";
import { selectorOf, selectsAll } from "../src/events/filter.ts";
import type { Follower, Following, Tail } from "../src/events/follower.ts";
import type { Batch } from "../src/events/frame.ts";
import { wsTextFrame } from "../src/events/ws-frame.ts";
import type { Log } from "../src/log.ts";
import { Problem } from "./problem.ts";
import { socketIntake } from "./socket-intake.ts";
import type { SubmitText } from "./socket-submit.ts";
import { endOfLife, mayReconnect } from "./stream-life.ts";
import { streamOutlet } from "./stream-outlet.ts";
import type { StreamQuery } from "./stream-query.ts";
import type { EndReason, Seat, StreamSet } from "./stream-set.ts";
import type { Submitted } from "./submit.ts";

export interface SocketSessionDeps {
  readonly ws: WebSocket;
  /** The raw socket below `ws`: frames built once for all listeners go straight to it. */
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

const PING_MS = 25_000;
const PONG_MS = 15_000;
const POSITION_MS = 30_000;
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
  const { ws, caller, query, seat, tail, streams, submit, log } = deps;
  const outlet = streamOutlet(deps.socket as Socket, () => close("slow"));
  const life = endOfLife(caller, deps.config);
  const filtered = !selectsAll(selectorOf(query.filter, caller.limits));
  let following: Following | undefined;
  let told = "";
  let toldAt = Date.now();
  let pingedAt = Date.now();
  let awaitingPong = false;
  let live = false;
  let over = false;

  const say = (message: object) => write(wsTextFrame(JSON.stringify(message)));
  const intake = socketIntake({
    ws,
    submit: (text) => submit(caller, text),
    answer: (answers) => answers.forEach((one) => void say(frameOf(one))),
    overflow: () => {
      close("slow");
      ws.terminate();
    },
  });

  function write(bytes: Buffer): boolean {
    // After our close frame nothing may follow (RFC 6455 section 5.5.1).
    return ws.readyState === ws.OPEN && outlet.write(bytes);
  }
  function deliver(batch: Batch): void {
    tell(batch.frames[batch.frames.length - 1]?.cursor ?? told);
    if (write(batch.bytes("socket"))) streams.sent("socket", batch.frames.length);
  }
  function tell(cursor: string): void {
    told = cursor;
    toldAt = Date.now();
  }
  function close(why?: EndReason | "slow"): void {
    over = true;
    following?.stop();
    seat.leave(why);
  }
  function end(reason: EndReason): void {
    if (over) return;
    say({ type: "goodbye", reason, reconnect: mayReconnect(reason, caller) });
    close(reason);
    ws.close(CLOSE_CODES[reason], reason);
  }
  function tick(now: number): void {
    if (over || outlet.cutIfSlow(now)) return;
    if (now >= life.at) end(life.reason);
    else if (awaitingPong && now - pingedAt > PONG_MS && !ws.isPaused) ws.terminate();
    else if (now - pingedAt >= PING_MS) ping(now);
    else if (filtered && live && now - toldAt >= POSITION_MS && !intake.busy()) position();
  }
  function ping(now: number): void {
    pingedAt = now;
    awaitingPong = true;
    ws.ping();
  }
  function position(): void {
    const cursor = following?.position() ?? told;
    if (cursor !== told) say({ type: "position", cursor });
    tell(cursor);
  }
  ws.on("pong", () => {
    awaitingPong = false;
  });
  ws.on("message", (data, isBinary) => {
    awaitingPong = false;
    if (over) return;
    if (!isBinary) {
      intake.take(data.toString());
      return;
    }
    const problem = new Problem("unsupported-media-type", "Send activities as text frames that hold JSON.");
    say(frameOf({ ok: false, problem }));
    close();
    ws.close(4400, "bad frame");
  });
  ws.on("close", () => close());
  seat.open({ tick, end });
  if (!caller.scopes.has("listen")) return;

  const follower: Follower = {
    onStart: ({ cursor, gap }) => {
      say({ type: "ready", cursor });
      if (gap) say({ type: "gap", requested: null, ...gap, cursor: gap.latest });
      tell(gap?.latest ?? cursor);
    },
    onEvents: (batch) => {
      if (over) return;
      intake.pass(() => deliver(batch));
      return live ? undefined : outlet.room();
    },
    onLive: () => {
      live = true;
    },
    onGap: (gap) =>
      intake.pass(() => {
        say({ type: "gap", requested: null, ...gap, cursor: gap.latest });
        tell(gap.latest);
      }),
    onControl: (revocation) => {
      if (revokes(revocation, caller)) end("revoked");
    },
  };
  tail.follow({ app: caller.app, after: query.after, filter: query.filter, limits: caller.limits }, follower).then(
    (it) => {
      following = it;
      if (over) it.stop();
    },
    (error: unknown) => {
      log.debug({ err: error }, "a socket could not follow the event log");
      end("unavailable");
    },
  );
}

/** The answer to an activity as a frame: REST's confirm, or the problem it would get there. */
function frameOf(answer: Submitted): object {
  if (answer.ok) return answer.confirm;
  return {
    type: "refused",
    ...(answer.rid === undefined ? {} : { rid: answer.rid }),
    problem: answer.problem.document(),
  };
}
