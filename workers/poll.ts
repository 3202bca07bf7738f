import type { RecordInbound } from "../src/inbound/record-inbound.ts";
import { toEventError } from "../src/model/failure.ts";
import type { Log } from "../src/model/log.ts";
import {
  type Egress,
  failureFrom,
  type Platform,
  type PollContext,
  type PollResult,
  type TopicEndpoint,
} from "../src/platform/platform.ts";
import { type DueTopic, TOPIC_PARTITIONS, type Topics } from "../src/polling/topics.ts";

export interface PollWorkerDeps {
  readonly topics: Topics;
  readonly record: RecordInbound;
  readonly egress: Egress;
  readonly find: (platform: string) => Platform | undefined;
  /** Absent where the outside can't reach us. */
  readonly endpoint?: (due: DueTopic) => TopicEndpoint;
  readonly log: Log;
  /** Topics polled at once in this process. */
  readonly maxConcurrent?: number;
  readonly everyMs?: number;
}

/** Longer than any poll takes: after that another worker may poll the topic. */
const LEASE_MS = 120_000;
const POLL_MS = 90_000;
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 86_400_000;

/** Polls what is due, once for all who follow it, and brings each follower what is new. */
export function pollWorker(deps: PollWorkerDeps): { readonly stop: () => Promise<void> } {
  const { topics, record: arrive, egress, find, endpoint: door, log, maxConcurrent: most = 50, everyMs = 1_000 } = deps;
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();

  async function recordEntries(due: DueTopic, entries: PollResult["entries"]): Promise<void> {
    if (entries.length === 0) return;
    for (const { app, actor } of await topics.subscribers(due.id)) {
      for (const { key, event } of entries) {
        await arrive(app, { key: `${due.id}:${key}`, event: { ...event, target: [{ address: actor }] } });
      }
    }
  }

  async function end(due: DueTopic, { ended }: PollResult): Promise<void> {
    const published = new Date().toISOString();
    const event = {
      platform: due.platform,
      verb: "unsubscribe",
      actor: { address: due.topic },
      object: { error: ended },
      published,
    };
    await recordEntries(due, [{ key: `ended:${due.claim}`, event }]);
    for (const { app, actor } of await topics.subscribers(due.id)) {
      await topics.subscribe({ app, platform: due.platform, actor }, due.topic, false);
    }
    // What keeps something elsewhere is taken once more, to undo that.
    if (due.hasRemoteState) await topics.finish(due, { failures: 0, nextMs: 0 });
    else await topics.remove(due);
  }

  function polling(due: DueTopic): PollContext {
    return {
      ...egress,
      state: due.state,
      signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(POLL_MS)]),
      log,
      triggered: due.triggered,
      hint: due.hint,
      ...(door ? { endpoint: door(due) } : {}),
    };
  }

  async function failed(due: DueTopic, platform: Platform, thrown: unknown): Promise<void> {
    if (stopping.signal.aborted) return topics.finish(due, { failures: due.failures, nextMs: 0 });
    const failure = failureFrom(platform, thrown);
    const fails = due.failures + 1;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(fails, 20)) * (0.75 + Math.random() / 2);
    log.debug({ topic: due.id, code: failure.code, fails }, "a poll failed; it is tried again");
    const nextMs = Math.max(FIRST_PAUSE_MS, failure.retryAfterMs ?? pause);
    return topics.finish(due, { failures: fails, error: toEventError(failure), nextMs });
  }

  /** Nobody follows it any more: it is forgotten when nothing is left of it elsewhere. */
  async function teardown(due: DueTopic, platform: Platform): Promise<void> {
    if (!due.hasRemoteState || !platform.teardown) return topics.remove(due);
    try {
      const left = await platform.teardown(due.topic, polling(due));
      if (!left) return topics.remove(due);
      await topics.finish(due, { ...left, failures: 0 });
    } catch (thrown) {
      await failed(due, platform, thrown);
    }
  }

  async function poll(due: DueTopic, platform: Platform & Required<Pick<Platform, "poll">>): Promise<void> {
    if (!due.hasSubscribers) return teardown(due, platform);
    let polled: PollResult;
    try {
      polled = await platform.poll(due.topic, polling(due));
    } catch (thrown) {
      return failed(due, platform, thrown);
    }
    if (polled.ended) return end(due, polled);
    await recordEntries(due, polled.entries);
    // Most polls change nothing: then nothing is written.
    const { state, nextMs } = polled;
    await topics.finish(due, { state: state === due.state ? undefined : state, failures: 0, nextMs });
  }

  function start(due: DueTopic): void {
    const platform = find(due.platform);
    // Of a platform that is switched off here: its lease ends and somebody else may know it.
    if (!platform?.poll) return;
    const work = poll(due, platform as Parameters<typeof poll>[1])
      .catch((error: unknown) =>
        log.warn({ error: String(error) }, "what a poll brought could not be kept; polled again"),
      )
      .finally(() => underWay.delete(work));
    underWay.add(work);
  }

  /** Starts what there is room for; answers whether more is due. */
  async function round(): Promise<boolean> {
    let more = false;
    for (let at = 0; at < TOPIC_PARTITIONS; at++) {
      const room = most - underWay.size;
      if (room <= 0 || stopping.signal.aborted) return true;
      const taken = await topics.claimDue((first + at) % TOPIC_PARTITIONS, room, LEASE_MS);
      for (const due of taken) start(due);
      more ||= taken.length === room;
    }
    return more;
  }

  let first = 0;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  function next(ms: number): void {
    if (stopping.signal.aborted) return;
    timer = setTimeout(() => {
      running = round()
        .catch((error: unknown) => {
          log.warn({ error: String(error) }, "due polls could not be taken; tried again soon");
          return false;
        })
        // A full house looks again as soon as there is room, and elsewhere first, so that no part waits for another.
        .then(async (more) => {
          first = (first + 1) % TOPIC_PARTITIONS;
          if (underWay.size >= most) await Promise.race(underWay);
          next(more ? 10 : everyMs);
        });
    }, ms);
  }
  next(0);

  return {
    async stop() {
      stopping.abort(new Error("shutting down"));
      clearTimeout(timer);
      await running;
      await Promise.all(underWay);
    },
  };
}
