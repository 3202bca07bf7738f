import { accountId } from "../model/account-id.ts";
import type { PassingStatus, StatusEvent, TargetOutcome } from "../model/event.ts";
import { optional } from "../model/optional.ts";
import { receiptNote } from "../outbox/timeline-notes.ts";
import type { Complaint, DeliveryReceipt, ReadUpTo } from "../platform/connection.ts";
import type { RedisClient } from "../redis/connect.ts";
import { epochGenerator } from "../redis/epoch-generator.ts";
import { keys } from "../redis/keys.ts";
import { luaScript } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";
import type { NewSuppression, Suppressions } from "../suppressions/suppressions.ts";

/** Reports a network's receipt to the app that sent the activity. Unknown and expired ids are ignored. */
export type RecordReceipt = (app: string, receipt: DeliveryReceipt | Complaint | ReadUpTo) => Promise<void>;

/** Rank of statuses, which only grows. A late `delivered` after `read`, or anything after `failed`, changes nothing. */
const RANK: Readonly<Record<PassingStatus, number>> = { sending: 0, deferred: 0, delivered: 1, read: 2, failed: 3 };

const ADVANCE = luaScript(new URL("./scripts/advance-receipt.lua", import.meta.url), {
  keys: ["receipts", "log", "epoch", "record"],
  args: ["current", "advanced", "event", "nextEpoch", "eventsKept", "note"],
});

export interface DeliveryReceiptsDeps {
  readonly redis: RedisClient;
  readonly eventsKept: number;
  /** List of addresses that bounced for good or complained; absent: nothing is added. */
  readonly suppressions?: Pick<Suppressions, "add"> | undefined;
}

/**
 * Tracks receipts by an activity's `sending` event, stored at commit and advanced by receipts. Only what is matched to an
 * activity of the app, and to a target of it, reaches the suppression list.
 */
export function deliveryReceipts({ redis, eventsKept, suppressions }: DeliveryReceiptsDeps): RecordReceipt {
  const run = scriptRunner(redis, { advance: ADVANCE });
  const nextEpoch = epochGenerator();

  /** Returns the stored state of an id's activity, following other ids of it. Undefined where none is known. */
  async function stateOf(app: string, id: string): Promise<StoredState | undefined> {
    const key = keys.receipt(app, id);
    const current = await redis.get(key);
    if (current === null) return undefined;
    const stored = JSON.parse(current) as StatusEvent | { readonly sameAs: string };
    // Another id of the activity leads to the entry that has its targets.
    return "sameAs" in stored ? stateOf(app, stored.sameAs) : { key, current, sent: stored };
  }

  async function suppress(app: string, sent: StatusEvent, entries: readonly SuppressedTarget[]): Promise<void> {
    const { platform, rid } = sent;
    for (const entry of entries)
      await suppressions?.add(app, { id: accountId(platform, entry.address), platform, rid, ...entry });
  }

  async function record(app: string, receipt: DeliveryReceipt): Promise<void> {
    for (;;) {
      const state = await stateOf(app, receipt.id);
      if (state === undefined) return;
      const { key: receipts, current, sent } = state;
      const changes = changesBy(receipt, sent);
      if (changes.length === 0) return;
      // First: a repeated report finds the status advanced, and would not come here again.
      if (receipt.isAddressGone) await suppress(app, sent, changes.map(bounced));
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

  /** Suppresses who complained, where it is certain who did. The mail was delivered: its status stays. */
  async function recordComplaint(app: string, { id, complaint, target }: Complaint): Promise<void> {
    const state = await stateOf(app, id);
    if (state === undefined) return;
    const meant = state.sent.target.filter(({ address }) => target === undefined || isSame(address, target));
    if (meant.length !== 1) return;
    const entries = meant.map(({ address }) => ({ address, reason: "complained", detail: complaint }) as const);
    await suppress(app, state.sent, entries);
  }

  return async function recordReceipt(app, receipt) {
    if ("complaint" in receipt) return recordComplaint(app, receipt);
    if ("id" in receipt) return record(app, receipt);
    const { conversation, until, ...rest } = receipt;
    const sentKey = keys.conversation(app, conversation);
    const ids = await redis.zrangebyscore(sentKey, "-inf", until);
    for (const id of ids) await record(app, { id, ...rest });
    // A message that was read gets no further receipts.
    if (receipt.status === "read" && ids.length > 0) await redis.zrem(sentKey, ...ids);
  };
}

/** An activity's `sending` event with the key and text under which it is stored. */
interface StoredState {
  readonly key: string;
  readonly current: string;
  readonly sent: StatusEvent;
}

type SuppressedTarget = Pick<NewSuppression, "address" | "reason" | "detail">;

function bounced({ address, error }: TargetOutcome): SuppressedTarget {
  return { address, reason: "bounced", ...optional("detail", error?.platformCode) };
}

function isSame(address: string, other: string): boolean {
  return address.toLowerCase() === other.toLowerCase();
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
    .filter(({ address }) => target === undefined || isSame(address, target))
    .filter((before) => (RANK[before.status as PassingStatus] ?? 0) < RANK[status])
    .map(({ address }) => ({ address, status, ...(error === undefined ? {} : { error }) }));
}
