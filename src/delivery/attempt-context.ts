import { egressFor } from "../egress/egress.ts";
import type { Attachment } from "../model/activity.ts";
import type { Log } from "../model/log.ts";
import type { LaneItem, Outbox } from "../outbox/outbox.ts";
import type { Egress, VerbContext } from "../platform/platform.ts";
import type { Topics } from "../polling/topics.ts";
import { loadBlobs } from "./attachments.ts";
import type { ClientCache } from "./client-cache.ts";

export interface AttemptDeps {
  readonly outbox: Outbox;
  readonly clients: Pick<ClientCache, "use">;
  readonly egress: Egress;
  readonly log: Log;
  /** Stores whether an account is to stay connected. */
  readonly setDesiredOnline?: (app: string, platform: string, address: string, desired: boolean) => Promise<void>;
  /** Subscriptions to polled topics. */
  readonly topics?: Pick<Topics, "subscribe" | "subscriptions" | "status">;
}

/** Creates the context in which a verb runs once. */
export function attemptContext(
  { outbox, egress: guard, log, setDesiredOnline, topics }: AttemptDeps,
  { app, activity, attempts, outcomes }: LaneItem,
  signal: AbortSignal,
  commit: VerbContext["commit"],
): VerbContext {
  const { platform, actor, rid } = activity;
  const egress = egressFor(guard, app);
  const subscriber = { app, platform, actor: actor.address };
  return {
    fetch: egress.fetch,
    connect: egress.connect,
    log: log.child({ rid, app }),
    signal,
    app,
    attempt: attempts + 1,
    pending: outcomes.flatMap((outcome, index) => (outcome === null ? [index] : [])),
    attachments: async () => {
      const attachments = (activity.object.attachments ?? []) as Attachment[];
      return attachments.length === 0 ? [] : loadBlobs(attachments, await outbox.blobs(app, rid), egress);
    },
    commit,
    addReceiptId: (id, ttlSeconds) => outbox.addReceiptId({ app, activity }, id, ttlSeconds),
    setDesiredOnline: async (desired) => setDesiredOnline?.(app, platform, actor.address, desired),
    subscriptions: async () => (await topics?.subscriptions(subscriber)) ?? [],
    subscribe: async (topic, isSubscribed) => topics?.subscribe(subscriber, topic, isSubscribed),
    topicStatus: async (topic) => topics?.status(platform, topic),
  };
}
