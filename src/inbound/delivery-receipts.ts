import type { PassingStatus, StatusEvent, TargetOutcome } from "../model/event.ts";
import { receiptNote } from "../outbox/timeline-notes.ts";
import type { DeliveryReceipt, ReadUpTo } from "../platform/connection.ts";
import type { RedisClient } from "../redis/connect.ts";
import { epochGenerator } from "../redis/epoch-generator.ts";
import { keys } from "../redis/keys.ts";
import { luaScript } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";

/** Reports a network's receipt to the app that sent the activity. Unknown and expired ids are ignored. */
export type RecordReceipt = (app: string, receipt: DeliveryReceipt | ReadUpTo) => Promise<void>;

/** Rank of statuses, which only grows. A late `delivered` after `read`, or anything after `failed`, changes nothing. */
const RANK: Readonly<Record<PassingStatus, number>> = { sending: 0, deferred: 0, delivered: 1, read: 2, failed: 3 };

const ADVANCE = luaScript(new URL("./scripts/advance-receipt.lua", import.meta.url), {
  keys: ["receipts", "log", "epoch", "record"],
  args: ["current", "advanced", "event", "nextEpoch", "eventsKept", "note"],
});

export interface DeliveryReceiptsDeps {
  readonly redis: RedisClient;
  readonly eventsKept: number;
}

/** Tracks receipts by an activity's `sending` event, stored at commit and advanced by receipts. */
export function deliveryReceipts({ redis, eventsKept }: DeliveryReceiptsDeps): RecordReceipt {
  const run = scriptRunner(redis, { advance: ADVANCE });
  const nextEpoch = epochGenerator();

  async function record(app: string, receipt: DeliveryReceipt): Promise<void> {
    const receipts = keys.receipt(app, receipt.id);
    for (;;) {
      const current = await redis.get(receipts);
      if (current === null) return;
      const stored = JSON.parse(current) as StatusEvent | { readonly sameAs: string };
      // Another id of the activity leads to the entry that has its targets.
      if ("sameAs" in stored) return record(app, { ...receipt, id: stored.sameAs });
      const sent = stored;
      const changes = changesBy(receipt, sent);
      if (changes.length === 0) return;
      const target = sent.target.map((before) => changes.find(({ address }) => address === before.address) ?? before);
      const event = statusEvent(sent, receipt, changes);
      const args = {
        current,
        advanced: JSON.stringify({ ...sent, target }),
        event: JSON.stringify(event),
        nextEpoch: nextEpoch(),
        eventsKept,
        note: receiptNote(event, changes),
      };
      const scriptKeys = {
        receipts,
        log: keys.log(app),
        epoch: keys.epoch(app),
        record: keys.record(app, String(sent.rid)),
      };
      if ((await run.advance({ keys: scriptKeys, args })) === 1) return;
    }
  }

  return async function recordReceipt(app, receipt) {
    if ("id" in receipt) return record(app, receipt);
    const { conversation, until, ...rest } = receipt;
    const sentKey = keys.conversation(app, conversation);
    const ids = await redis.zrangebyscore(sentKey, "-inf", until);
    for (const id of ids) await record(app, { id, ...rest });
    // A message that was read gets no further receipts.
    if (receipt.status === "read" && ids.length > 0) await redis.zrem(sentKey, ...ids);
  };
}

function statusEvent(
  { error: _, ...sent }: StatusEvent,
  { status, error }: DeliveryReceipt,
  target: readonly TargetOutcome[],
): StatusEvent {
  return { ...sent, status, target, ...(error === undefined ? {} : { error }), published: new Date().toISOString() };
}

/** Returns the targets whose status the receipt advances, with the new status. */
function changesBy({ status, target, error }: DeliveryReceipt, sent: StatusEvent): readonly TargetOutcome[] {
  return sent.target
    .filter(({ address }) => target === undefined || address.toLowerCase() === target.toLowerCase())
    .filter((before) => (RANK[before.status as PassingStatus] ?? 0) < RANK[status])
    .map(({ address }) => ({ address, status, ...(error === undefined ? {} : { error }) }));
}
