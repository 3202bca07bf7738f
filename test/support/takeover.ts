import type { HeardEvent } from "./event-listener.ts";
import type { Posted } from "./load-client.ts";

/** A lane that had accepted work when a process was killed, and how long it then stood still. */
export interface Standstill {
  readonly lane: string;
  /** Milliseconds from the kill to the lane's next effect or result; Infinity when none came. */
  readonly ms: number;
}

/**
 * Which lanes waited at `killedAt` (Unix ms), and when each went on. Times are those of the log's own entries, so a busy
 * test process can't blur them; `sending` is written right before an effect.
 */
export function standstills(
  killedAt: number,
  posted: readonly Posted[],
  heard: ReadonlyMap<string, readonly HeardEvent[]>,
): Standstill[] {
  const events = [...heard.values()].flat().filter(isProgress);
  const ended = new Map(events.flatMap((one) => (one.type === "result" ? [[String(one.rid), one.at] as const] : [])));
  const waiting = new Set(
    posted.flatMap(({ rid, outcome, answeredAt }) =>
      outcome === "accepted" && answeredAt <= killedAt && (ended.get(rid) ?? Infinity) > killedAt ? [laneOf(rid)] : [],
    ),
  );
  const next = new Map<string, number>();
  for (const { rid, at } of events) {
    const lane = laneOf(String(rid));
    if (at > killedAt) next.set(lane, Math.min(next.get(lane) ?? Infinity, at));
  }
  return [...waiting].map((lane) => ({ lane, ms: (next.get(lane) ?? Infinity) - killedAt }));
}

function isProgress({ type, status }: HeardEvent): boolean {
  return type === "result" || (type === "status" && status === "sending");
}

/** The load client's rids are `<app>-<lane>-<n>`. */
function laneOf(rid: string): string {
  return rid.slice(0, rid.lastIndexOf("-"));
}
