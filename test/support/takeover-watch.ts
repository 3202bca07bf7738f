import type { HeardEvent } from "./event-listener.ts";
import type { PostedActivity } from "./load-client.ts";

/** Progress of the lanes with accepted work at the moment of a kill. */
export interface TakeoverWatch {
  /** Reads new events. True once each of these lanes had its next effect or result. */
  readonly allResumed: () => boolean;
  /** Milliseconds from the kill to the next progress, by lane; Infinity without progress. */
  readonly interruptionsMs: () => readonly number[];
}

/**
 * Watches the lanes with work at `killedAt` (Unix ms), from the listeners' records. Times are those of the log's
 * entries, so that a busy test process cannot blur them; `sending` is written directly before an effect.
 */
export function takeoverWatch(
  killedAt: number,
  posted: readonly PostedActivity[],
  books: ReadonlyArray<readonly HeardEvent[]>,
): TakeoverWatch {
  const waiting = new Map<string, Set<string>>();
  for (const { rid, outcome, answeredAt } of posted) {
    if (outcome !== "accepted" || answeredAt > killedAt) continue;
    const lane = laneOf(rid);
    const rids = waiting.get(lane) ?? new Set();
    waiting.set(lane, rids.add(rid));
  }
  const resumedAfter = new Map<string, number>();
  const read = books.map(() => 0);

  function note({ type, status, rid, at }: HeardEvent): void {
    const lane = laneOf(String(rid));
    if (at > killedAt) {
      const progress = type === "result" || (type === "status" && status === "sending");
      if (progress && waiting.has(lane) && !resumedAfter.has(lane)) resumedAfter.set(lane, at - killedAt);
    } else if (type === "result") {
      const rids = waiting.get(lane);
      rids?.delete(String(rid));
      if (rids?.size === 0) waiting.delete(lane);
    }
  }
  function catchUp(): void {
    books.forEach((events, book) => {
      for (let next = events[read[book] as number]; next; next = events[read[book] as number]) {
        note(next);
        read[book] = (read[book] as number) + 1;
      }
    });
  }
  return {
    allResumed: () => {
      catchUp();
      return resumedAfter.size === waiting.size;
    },
    interruptionsMs: () => {
      catchUp();
      return [...waiting.keys()].map((lane) => resumedAfter.get(lane) ?? Infinity);
    },
  };
}

/** The load client's rids are `<app>-<lane>-<n>`. */
function laneOf(rid: string): string {
  return rid.slice(0, rid.lastIndexOf("-"));
}
