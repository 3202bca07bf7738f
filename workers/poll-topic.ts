import { type EgressShares, egressFor } from "../src/egress/egress.ts";
import type { RecordInbound } from "../src/inbound/record-inbound.ts";
import { toEventError } from "../src/model/failure.ts";
import type { Log } from "../src/model/log.ts";
import {
  failureFrom,
  type Platform,
  type PollContext,
  type PollResult,
  type TopicEndpoint,
} from "../src/platform/platform.ts";
import type { DueTopic, Topics } from "../src/polling/topics.ts";
import { backoff } from "../src/timing/backoff.ts";

export interface TopicPollerDeps {
  readonly topics: Topics;
  readonly record: RecordInbound;
  readonly egress: EgressShares;
  /** Absent where networks can't reach the gateway. */
  readonly endpoint?: (due: DueTopic) => TopicEndpoint;
  readonly log: Log;
  /** Aborts polls at shutdown. */
  readonly signal: AbortSignal;
}

/** A platform with topics to poll. */
export type PolledPlatform = Platform & Required<Pick<Platform, "poll">>;

const POLL_TIMEOUT_MS = 90_000;
const MIN_RETRY_MS = 60_000;
const retryDelay = backoff({ baseMs: 120_000, maxMs: 86_400_000, jitter: [0.75, 1.25] });

/** Makes the function that polls one due topic and records new entries for all subscribers. */
export function topicPoller(deps: TopicPollerDeps): (due: DueTopic, platform: PolledPlatform) => Promise<void> {
  const { topics, record, egress, endpoint, log, signal } = deps;

  const { recordEntries, endTopic } = subscriberEvents({ topics, record });

  function pollContext(due: DueTopic): PollContext {
    const { app = "" } = due;
    return {
      ...egressFor(egress, app),
      app,
      state: due.state,
      signal: AbortSignal.any([signal, AbortSignal.timeout(POLL_TIMEOUT_MS)]),
      log,
      triggered: due.triggered,
      hint: due.hint,
      ...(endpoint ? { endpoint: endpoint(due) } : {}),
    };
  }

  async function scheduleRetry(due: DueTopic, platform: Platform, thrown: unknown): Promise<void> {
    if (signal.aborted) return topics.finish(due, { failures: due.failures, nextMs: 0 });
    const failure = failureFrom(platform, thrown);
    const failures = due.failures + 1;
    log.debug({ topic: due.id, code: failure.code, failures }, "poll failed; retrying later");
    const nextMs = Math.max(MIN_RETRY_MS, failure.retryAfterMs ?? retryDelay(failures));
    return topics.finish(due, { failures, error: toEventError(failure), nextMs });
  }

  /** Deletes a topic without subscribers once nothing is left of it at the network. */
  async function teardown(due: DueTopic, platform: Platform): Promise<void> {
    if (!due.hasRemoteState || !platform.teardown) return topics.remove(due);
    try {
      const remaining = await platform.teardown(due.topic, pollContext(due));
      if (!remaining) return topics.remove(due);
      await topics.finish(due, { ...remaining, failures: 0 });
    } catch (thrown) {
      await scheduleRetry(due, platform, thrown);
    }
  }

  return async (due, platform) => {
    if (due.app === undefined) return teardown(due, platform);
    let result: PollResult;
    try {
      result = await platform.poll(due.topic, pollContext(due));
    } catch (thrown) {
      return scheduleRetry(due, platform, thrown);
    }
    if (result.ended) return endTopic(due, result.ended);
    await recordEntries(due, result.entries);
    // Most polls find the same state, which is then not written again.
    const { state, nextMs, error } = result;
    const failures = error === undefined ? 0 : due.failures + 1;
    await topics.finish(due, { state: state === due.state ? undefined : state, failures, error, nextMs });
  };
}

/** Makes the functions that record a topic's events for all subscribers. */
function subscriberEvents({ topics, record }: Pick<TopicPollerDeps, "topics" | "record">) {
  async function recordEntries(due: DueTopic, entries: PollResult["entries"]): Promise<void> {
    if (entries.length === 0) return;
    for (const { app, actor } of await topics.subscribers(due.id)) {
      for (const { key, event } of entries) {
        await record(app, { key: `${due.id}:${key}`, event: { ...event, target: [{ address: actor }] } });
      }
    }
  }

  /** Tells subscribers that a topic has ended, and unsubscribes them. */
  async function endTopic(due: DueTopic, ended: PollResult["ended"]): Promise<void> {
    const event = {
      platform: due.platform,
      verb: "unsubscribe",
      actor: { address: due.topic },
      object: { error: ended },
      published: new Date().toISOString(),
    };
    await recordEntries(due, [{ key: `ended:${due.claim}`, event }]);
    for (const { app, actor } of await topics.subscribers(due.id)) {
      await topics.subscribe({ app, platform: due.platform, actor }, due.topic, false);
    }
    // A topic with remote state is polled once more, for its teardown.
    if (due.hasRemoteState) await topics.finish(due, { failures: 0, nextMs: 0 });
    else await topics.remove(due);
  }

  return { recordEntries, endTopic };
}
