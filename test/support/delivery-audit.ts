import type { LedgerLine } from "./dummy-ledger.ts";
import type { HeardEvent } from "./event-listener.ts";
import type { PostedActivity } from "./load-client.ts";

/** Independent records of a run; none of them is the gateway's own counting. */
export interface AuditInput {
  readonly posted: readonly PostedActivity[];
  readonly ledger: ReadonlyArray<Pick<LedgerLine, "rid" | "n">>;
  /** By app. */
  readonly events: ReadonlyMap<string, readonly HeardEvent[]>;
  /** Answers of `GET /activities/{rid}` by rid. */
  readonly statuses: ReadonlyMap<string, string>;
}

/** Findings of the audit. Lists of rids serve the messages of failing tests. */
export interface DeliveryAudit {
  readonly accepted: number;
  readonly refused: number;
  /** Effects that happened exactly once. */
  readonly once: number;
  /** `unknown` results, and how many of these activities had an effect. */
  readonly unknown: number;
  readonly unknownRids: readonly string[];
  readonly unknownDelivered: number;
  /** Rids with more than one effect. */
  readonly duplicated: readonly string[];
  /** Accepted, but neither an effect nor a result that says that there was none. */
  readonly lost: readonly string[];
  /** Effects of activities that were refused or never posted. */
  readonly unexpected: readonly string[];
  /** `sent` without an effect. */
  readonly falselySent: readonly string[];
  /** Rids without exactly one result. */
  readonly withoutSingleResult: readonly string[];
  /** Ended in another way than `sent` or `unknown`. */
  readonly failed: readonly string[];
  /** Rids whose status by GET differs from the stream. */
  readonly statusMismatches: readonly string[];
  /** Effects out of accept order in their lane. */
  readonly effectsOutOfOrder: readonly string[];
  /** Events that came twice or out of order. */
  readonly eventsOutOfOrder: readonly string[];
}

/** Joins the books at the end of a run. Lanes are named in the rids: `<app>-<lane>-<n>`. */
export function auditDelivery({ posted, ledger, events, statuses: standing }: AuditInput): DeliveryAudit {
  const effects = new Map<string, number>();
  for (const { rid } of ledger) effects.set(rid, (effects.get(rid) ?? 0) + 1);
  const results = resultsOf(events);
  const accepted = posted.filter(({ outcome }) => outcome === "accepted");
  const known = new Set(accepted.map(({ rid }) => rid));
  const statusOf = (rid: string): string => results.get(rid)?.[0] ?? "none";
  const ridsWhere = (fits: (rid: string) => boolean): string[] => accepted.map(({ rid }) => rid).filter(fits);
  const unknown = ridsWhere((rid) => statusOf(rid) === "unknown");
  return {
    accepted: accepted.length,
    refused: posted.length - accepted.length,
    once: ridsWhere((rid) => effects.get(rid) === 1).length,
    unknown: unknown.length,
    unknownRids: unknown,
    unknownDelivered: unknown.filter((rid) => effects.has(rid)).length,
    duplicated: [...effects].filter(([, count]) => count > 1).map(([rid]) => rid),
    lost: ridsWhere((rid) => !effects.has(rid) && ["none", "sent"].includes(statusOf(rid))),
    unexpected: [...effects.keys()].filter((rid) => !known.has(rid)),
    falselySent: ridsWhere((rid) => statusOf(rid) === "sent" && !effects.has(rid)),
    withoutSingleResult: ridsWhere((rid) => results.get(rid)?.length !== 1),
    failed: ridsWhere((rid) => !["none", "sent", "unknown"].includes(statusOf(rid))),
    statusMismatches: ridsWhere((rid) => standing.get(rid) !== statusOf(rid)),
    effectsOutOfOrder: effectsOutOfOrderIn(ledger),
    eventsOutOfOrder: eventsOutOfOrderIn(events),
  };
}

/** Summarizes an audit in one line. */
export function auditLine(audit: DeliveryAudit): string {
  return (
    `accepted ${audit.accepted} refused ${audit.refused} | once ${audit.once} dup ${audit.duplicated.length} ` +
    `unknown ${audit.unknown} (delivered ${audit.unknownDelivered}) lost ${audit.lost.length} ghost ${audit.unexpected.length} ` +
    `liar ${audit.falselySent.length} silent ${audit.withoutSingleResult.length} inversions ${audit.effectsOutOfOrder.length}`
  );
}

function resultsOf(eventsByApp: AuditInput["events"]): Map<string, string[]> {
  const results = new Map<string, string[]>();
  for (const { type, rid, status = "" } of [...eventsByApp.values()].flat()) {
    if (type !== "result") continue;
    const all = results.get(String(rid)) ?? [];
    all.push(status);
    results.set(String(rid), all);
  }
  return results;
}

function effectsOutOfOrderIn(ledger: AuditInput["ledger"]): string[] {
  const latest = new Map<string, number>();
  return ledger.flatMap(({ rid, n }) => {
    const lane = rid.slice(0, rid.lastIndexOf("-"));
    const before = latest.get(lane) ?? 0;
    latest.set(lane, Math.max(before, n));
    return n < before ? [rid] : [];
  });
}

function eventsOutOfOrderIn(eventsByApp: AuditInput["events"]): string[] {
  return [...eventsByApp.values()].flatMap((events) => {
    let last: readonly [bigint, bigint] = [0n, 0n];
    return events.flatMap(({ cursor }) => {
      const [ms = "0", n = "0"] = cursor.slice(cursor.indexOf(".") + 1).split("-");
      const id = [BigInt(ms), BigInt(n)] as const;
      const later = id[0] > last[0] || (id[0] === last[0] && id[1] > last[1]);
      last = id;
      return later ? [] : [cursor];
    });
  });
}
