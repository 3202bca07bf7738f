import type { HeardEvent } from "./event-listener.ts";
import type { LedgerLine } from "./ledger.ts";
import type { Posted } from "./load-client.ts";

/** The four independent books of a run, none of them the gateway's own counting. */
export interface Books {
  readonly posted: readonly Posted[];
  readonly ledger: readonly LedgerLine[];
  /** By app. */
  readonly heard: ReadonlyMap<string, readonly HeardEvent[]>;
  /** What `GET /activities/{rid}` answers, by rid. */
  readonly standing: ReadonlyMap<string, string>;
}

/** What the books say together; every rid list is for the words of a failing test. */
export interface Verdict {
  readonly accepted: number;
  readonly refused: number;
  /** Effects that happened exactly once. */
  readonly once: number;
  /** `unknown` results, and how many of them had happened. */
  readonly unknown: number;
  readonly unknownRids: readonly string[];
  readonly unknownDelivered: number;
  /** More than one effect. */
  readonly dup: readonly string[];
  /** Accepted, but neither an effect nor a result that says that there was none. */
  readonly lost: readonly string[];
  /** An effect of something that nobody posted, or that was refused. */
  readonly ghost: readonly string[];
  /** `sent` without an effect. */
  readonly liar: readonly string[];
  /** Not exactly one result. */
  readonly silent: readonly string[];
  /** Ended in another way than `sent` or `unknown`. */
  readonly failed: readonly string[];
  /** GET says something else than the stream. */
  readonly disagree: readonly string[];
  /** Effects out of accept order in their lane. */
  readonly inversions: readonly string[];
  /** Events that came twice or out of order. */
  readonly unordered: readonly string[];
}

/** Joins the books at the end of a run. Lanes are named in the rids: `<app>-<lane>-<n>`. */
export function joinBooks({ posted, ledger, heard, standing }: Books): Verdict {
  const effects = new Map<string, number>();
  for (const { rid } of ledger) effects.set(rid, (effects.get(rid) ?? 0) + 1);
  const results = resultsOf(heard);
  const accepted = posted.filter(({ outcome }) => outcome === "accepted");
  const known = new Set(accepted.map(({ rid }) => rid));
  const statusOf = (rid: string): string => results.get(rid)?.[0] ?? "none";
  const where = (fits: (rid: string) => boolean): string[] => accepted.map(({ rid }) => rid).filter(fits);
  const unknown = where((rid) => statusOf(rid) === "unknown");
  return {
    accepted: accepted.length,
    refused: posted.length - accepted.length,
    once: where((rid) => effects.get(rid) === 1).length,
    unknown: unknown.length,
    unknownRids: unknown,
    unknownDelivered: unknown.filter((rid) => effects.has(rid)).length,
    dup: [...effects].filter(([, count]) => count > 1).map(([rid]) => rid),
    lost: where((rid) => !effects.has(rid) && ["none", "sent"].includes(statusOf(rid))),
    ghost: [...effects.keys()].filter((rid) => !known.has(rid)),
    liar: where((rid) => statusOf(rid) === "sent" && !effects.has(rid)),
    silent: where((rid) => results.get(rid)?.length !== 1),
    failed: where((rid) => !["none", "sent", "unknown"].includes(statusOf(rid))),
    disagree: where((rid) => standing.get(rid) !== statusOf(rid)),
    inversions: inversionsIn(ledger),
    unordered: unorderedIn(heard),
  };
}

/** One line for people. */
export function verdictLine(it: Verdict): string {
  return (
    `accepted ${it.accepted} refused ${it.refused} | once ${it.once} dup ${it.dup.length} ` +
    `unknown ${it.unknown} (delivered ${it.unknownDelivered}) lost ${it.lost.length} ghost ${it.ghost.length} ` +
    `liar ${it.liar.length} silent ${it.silent.length} inversions ${it.inversions.length}`
  );
}

function resultsOf(heard: Books["heard"]): Map<string, string[]> {
  const results = new Map<string, string[]>();
  for (const { type, rid, status = "" } of [...heard.values()].flat()) {
    if (type !== "result") continue;
    const all = results.get(String(rid)) ?? [];
    all.push(status);
    results.set(String(rid), all);
  }
  return results;
}

function inversionsIn(ledger: readonly LedgerLine[]): string[] {
  const latest = new Map<string, number>();
  return ledger.flatMap(({ rid, n }) => {
    const lane = rid.slice(0, rid.lastIndexOf("-"));
    const before = latest.get(lane) ?? 0;
    latest.set(lane, Math.max(before, n));
    return n < before ? [rid] : [];
  });
}

function unorderedIn(heard: Books["heard"]): string[] {
  return [...heard.values()].flatMap((events) => {
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
