import { redisEventLog } from "../../../src/event-log/redis-event-log.ts";
import type { Revocation } from "../../../src/model/caller.ts";
import type { ResultEvent, SessionEvent } from "../../../src/model/event.ts";
import { silentLog } from "../../../src/model/log.ts";
import type {
  StreamGap,
  StreamStart,
  SubscribeRequest,
  SubscriberCallbacks,
  Tail,
} from "../../../src/streaming/subscriber.ts";
import { eventTail } from "../../../src/streaming/tail.ts";
import type { TestRedis } from "../../support/redis.ts";

export function result(rid: string, more: Partial<ResultEvent> = {}): ResultEvent {
  return {
    type: "result",
    rid,
    id: `id-${rid}`,
    platform: "dummy",
    verb: "send",
    actor: { address: "bob@example.com" },
    target: [{ address: "foo@bar.com", status: "sent" }],
    published: "2026-01-01T00:00:00.000Z",
    status: "sent",
    object: {},
    attempts: 1,
    ...more,
  };
}

export function session(address: string): SessionEvent {
  return {
    type: "session",
    platform: "irc",
    actor: { address },
    state: "online",
    published: "2026-01-01T00:00:00.000Z",
  };
}

/** A log and a tail on a test Redis. */
export function stream(redis: TestRedis, eventsKept = 100_000) {
  const control = redis.connect();
  const log = redisEventLog({ redis: control, eventsKept });
  const tail = eventTail({ connect: () => redis.connect(), control, log, logger: silentLog, kept: eventsKept });
  return { control, log, tail };
}

/** Subscriber that keeps all callbacks and lets a test await them. */
export function recorder() {
  const rids: string[] = [];
  const cursors: string[] = [];
  const gaps: StreamGap[] = [];
  const controls: Revocation[] = [];
  let start: StreamStart | undefined;
  let live = false;
  let check = () => {};
  const follower: SubscriberCallbacks = {
    onStart: (streamStart) => {
      start = streamStart;
    },
    onEvents: ({ events: frames }) => {
      for (const frame of frames) {
        rids.push(frame.facts.rid ?? frame.facts.type);
        cursors.push(frame.cursor);
      }
      check();
    },
    onGap: (gap) => {
      gaps.push(gap);
      check();
    },
    onControl: (revocation) => {
      controls.push(revocation);
      check();
    },
    onLive: () => {
      live = true;
      check();
    },
  };
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve) => {
      check = () => condition() && resolve();
      check();
    });
  return {
    follower,
    rids,
    cursors,
    gaps,
    controls,
    start: () => start as StreamStart,
    live: () => until(() => live),
    until,
    count: (n: number) => until(() => rids.length >= n),
  };
}

/** Follows and waits until the listener is live. */
export async function followLive(tail: Tail, request: SubscribeRequest) {
  const seen = recorder();
  const following = await tail.subscribe(request, seen.follower);
  await seen.live();
  return { ...seen, following };
}
