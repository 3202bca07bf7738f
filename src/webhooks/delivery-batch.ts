import { formatCursor } from "../event-log/cursor.ts";
import type { HookEvent } from "../model/event.ts";
import { MISSES_MOST } from "./circuit-breaker.ts";
import { type Sequences, type SequencesDeps, sequences } from "./conversation-queue.ts";
import type { Line, Memory } from "./delivery-state.ts";
import type { Holding, Settlement } from "./delivery-store.ts";
import type { HookPage } from "./event-page.ts";

/** Requests that are under way at once for one hook. */
const PARALLEL = 16;

/** The lines that are due; where the receiver is down only the one that waits longest. */
export function dueLines({ lines }: Memory, probing: boolean, now: number): ReadonlyArray<readonly [string, Line]> {
  if (!probing) return [...lines].filter(([, { tries }]) => tries.retryAt <= now);
  return [...lines].sort(([, a], [, b]) => a.tries.retryAt - b.tries.retryAt).slice(0, 1);
}

/**
 * Delivers what is due and a page of the log: each conversation in order, conversations beside each other. Answers what is
 * to be written down; what was not taken goes into the hook's own outbox, so the cursor always moves past the page.
 */
export async function deliverTurn(
  memory: Memory,
  due: ReadonlyArray<readonly [string, Line]>,
  page: HookPage | undefined,
  deps: SequencesDeps,
): Promise<Settlement> {
  const { effort, now } = deps;
  const items = page?.items ?? [];
  const joining = new Set(items.map(({ conversation }) => conversation));
  const parts = sequences(deps);
  if (page?.gap) await parts.fresh(page.gap.conversation, [page.gap]);
  const groups = grouped(items.filter(({ conversation }) => !memory.lines.has(conversation)));
  await beside(PARALLEL, [
    ...due.map(
      ([conversation, line]) =>
        () =>
          parts.again(conversation, line, joining.has(conversation)),
    ),
    ...[...groups].map(
      ([conversation, group]) =>
        () =>
          parts.fresh(conversation, group),
    ),
  ]);
  if (deps.probing && effort.health().misses < MISSES_MOST) hasten(memory, parts, now());
  const disable = effort.disable();
  const off: HookEvent[] = disable
    ? [{ type: "hook", name: deps.name, state: "disabled", error: disable, published: new Date(now()).toISOString() }]
    : [];
  const all = page?.gap ? [page.gap, ...items] : items;
  return {
    moves: memory.loaded.moves,
    cursor: page && formatCursor(page.end.epoch, page.end.id),
    hold: all.filter((item) => !parts.done.has(item)),
    drop: parts.drop,
    tries: parts.tries,
    health: effort.health(),
    deliveries: effort.deliveries,
    events: [...parts.skipped, ...off],
    ...(disable === undefined ? {} : { disable }),
  };
}

/** Once something was taken after a time of nothing, all that waits is worth a try. */
function hasten({ lines }: Memory, { tries }: Sequences, now: number): void {
  for (const [conversation, line] of lines) {
    if (!tries.has(conversation)) tries.set(conversation, { ...line.tries, retryAt: now });
  }
}

function grouped(items: readonly Holding[]): Map<string, Holding[]> {
  const groups = new Map<string, Holding[]>();
  for (const item of items) {
    const group = groups.get(item.conversation);
    if (group) group.push(item);
    else groups.set(item.conversation, [item]);
  }
  return groups;
}

async function beside(most: number, deeds: ReadonlyArray<() => Promise<void>>): Promise<void> {
  const queue = deeds.values();
  async function next(): Promise<void> {
    for (const deed of queue) await deed();
  }
  await Promise.all(Array.from({ length: Math.min(most, deeds.length) }, next));
}
