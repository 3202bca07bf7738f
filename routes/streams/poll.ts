import type { ServerResponse } from "node:http";
import { type Caller, revokes } from "../../src/model/caller.ts";
import { type Frame, jsonWithCursor } from "../../src/streaming/encoded-event.ts";
import type { Following, Gap, Tail } from "../../src/streaming/subscriber.ts";
import { PRIVATE_HEADERS } from "../http/private-answer.ts";
import type { StreamQuery } from "./stream-query.ts";
import type { Seat } from "./stream-registry.ts";

/** What one poll brings at most; the rest comes with the next. */
const EVENTS_MOST = 1_000;
const CHARACTERS_MOST = 1_048_576;

/**
 * Answers `{events, cursor, gap?}`: at once when there is something, else after up to `wait` seconds. The cursor is how
 * far was read, not the last match, so that a filtered poller does not fall behind. Rejects with `LogAway`.
 */
export async function answerPoll(
  tail: Tail,
  seat: Seat,
  caller: Caller,
  query: StreamQuery,
  res: ServerResponse,
): Promise<void> {
  const frames: Frame[] = [];
  let size = 0;
  let gap: Gap | undefined;
  let full = false;
  let following: Following | undefined;
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const take = (frame: Frame) => {
    full ||= frames.length >= EVENTS_MOST || size >= CHARACTERS_MOST;
    if (full) return;
    frames.push(frame);
    size += frame.json.length;
  };
  let live = false;
  const timer = setTimeout(finish, query.wait * 1_000 + (query.wait === 0 ? 10_000 : 0));
  seat.open({ tick: () => {}, end: () => finish() });
  res.once("close", finish);
  try {
    following = await tail.follow(
      { app: caller.app, after: query.after, filter: query.filter, limits: caller.limits },
      {
        onStart: (start) => {
          gap = start.gap;
        },
        onEvents: (batch) => {
          batch.frames.forEach(take);
          if (full || live) finish();
        },
        onLive: () => {
          live = true;
          if (frames.length > 0 || gap || query.wait === 0) finish();
        },
        onGap: (met) => {
          gap ??= met;
          finish();
        },
        onControl: (revocation) => {
          if (revokes(revocation, caller)) finish();
        },
      },
    );
    await finished;
    const last = frames[frames.length - 1];
    const cursor = full && last ? last.cursor : following.position();
    send(res, frames, cursor, gap);
  } finally {
    clearTimeout(timer);
    following?.stop();
    seat.leave();
  }
}

function send(res: ServerResponse, frames: readonly Frame[], cursor: string, gap: Gap | undefined): void {
  if (res.destroyed) return;
  const told = gap ? `,"gap":${JSON.stringify({ requested: null, ...gap })}` : "";
  const body = Buffer.from(`{"events":[${frames.map(jsonWithCursor).join(",")}],"cursor":"${cursor}"${told}}`);
  res.writeHead(200, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": body.length,
    ...PRIVATE_HEADERS,
  });
  res.end(body);
}
