import type { EventLog } from "../src/event-log/event-log.ts";
import type { Log } from "../src/model/log.ts";
import { keys } from "../src/redis/keys.ts";
import type { Subscription, Tail } from "../src/streaming/subscriber.ts";
import { runEvery } from "../src/timing/run-every.ts";
import { type DeliveryLoop, type DeliveryLoopDeps, deliveryLoop } from "../src/webhooks/delivery-loop.ts";
import { deliverySlots } from "../src/webhooks/delivery-slots.ts";
import type { DeliveryStore, WebhookLease } from "../src/webhooks/delivery-store.ts";
import type { Post } from "../src/webhooks/post.ts";

export interface WebhookWorkerDeps extends Pick<DeliveryLoopDeps, "delay" | "now" | "onAttempt"> {
  readonly store: DeliveryStore;
  readonly eventLog: Pick<EventLog, "range">;
  readonly tail: Pick<Tail, "subscribe">;
  readonly post: Post;
  readonly log: Log;
  /** Interval of looking for webhooks without an owner. */
  readonly claimIntervalMs?: number;
}

const CLAIM_INTERVAL_MS = 2_000;

/**
 * Delivers webhooks that no other worker delivers. Leases them, follows their apps' logs, releases them at the end.
 * Webhooks of a dead worker are claimed by another worker once their lease has expired (8 s).
 */
export function webhookWorker(deps: WebhookWorkerDeps): { readonly close: (graceMs: number) => Promise<void> } {
  const { store, eventLog, tail, post, log, claimIntervalMs = CLAIM_INTERVAL_MS } = deps;
  const loops = new Map<string, DeliveryLoop>();
  const closing = new AbortController();
  const slots = deliverySlots();

  function start(lease: WebhookLease): void {
    const id = `${lease.app}|${lease.name}`;
    const options = {
      ...(deps.delay ? { delay: deps.delay } : {}),
      ...(deps.now ? { now: deps.now } : {}),
      ...(deps.onAttempt ? { onAttempt: deps.onAttempt } : {}),
    };
    const loop = deliveryLoop({ lease, store, log: eventLog, post, slots, logger: log, ...options });
    loops.set(id, loop);
    const subscription = subscribe(lease, loop);
    void loop.done.finally(async () => {
      if (loops.get(id) === loop) loops.delete(id);
      (await subscription)?.stop();
    });
  }
  /** Wakes the loop on new events. Without a subscription the loop still reads every few seconds. */
  async function subscribe({ app, name }: WebhookLease, loop: DeliveryLoop): Promise<Subscription | undefined> {
    try {
      return await tail.subscribe({ app, skipBounds: true }, { onEvents: loop.wake });
    } catch (err) {
      log.debug({ err, app, webhook: name }, "webhook delivery runs without wake-ups from the app's event log");
      return undefined;
    }
  }

  async function claimAll(): Promise<void> {
    for (const tag of (await store.hasEnabled()) ? keys.tags : []) {
      if (closing.signal.aborted) return;
      for (const lease of await store.claim(tag)) start(lease);
    }
  }
  const claiming = runEvery(claimIntervalMs, claimAll, {
    signal: closing.signal,
    onError: (err) => log.warn({ err }, "claiming webhook leases failed; retrying"),
  });

  return {
    async close(graceMs) {
      closing.abort();
      await claiming;
      await Promise.all([...loops.values()].map((loop) => loop.stop(graceMs)));
    },
  };
}
