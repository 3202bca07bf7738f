import { parseCursor } from "../event-log/cursor.ts";
import { nextWait } from "./backoff.ts";
import { type EffortDeps, effort, MISSES_MOST } from "./circuit-breaker.ts";
import { deliverTurn, dueLines } from "./delivery-batch.ts";
import type { SessionDeps } from "./delivery-session.ts";
import { linesAfter, type Memory } from "./delivery-state.ts";
import type { Settlement } from "./delivery-store.ts";
import { readPage } from "./event-page.ts";

/** `moved`: a replay came between, read all anew; `over`: the hook is lost, or was switched off. */
export type RoundAnswer =
  | { readonly outcome: "went-on"; readonly memory: Memory; readonly waitMs: number }
  | { readonly outcome: "moved" }
  | { readonly outcome: "over" };

/** Held events of a hook; with more of them reading waits, and what the log drops meanwhile is a gap. */
const HELD_MOST = 10_000;
/** A cursor that only passed what the filter leaves out is written this often. */
const SAVE_MS = 1_000;
const IDLE_MS = 5_000;

/** Makes the function that carries out one round: reads, delivers, and writes down what became of it. */
export function rounds(
  deps: SessionDeps,
  rights: Pick<EffortDeps, "signal" | "mine">,
): (memory: Memory) => Promise<RoundAnswer> {
  const { claim, work, log, post, logger, now = Date.now, random = Math.random, wait = nextWait, onAttempt } = deps;
  const saved = { cursor: "", at: 0 };

  async function deliver(memory: Memory, probing: boolean): Promise<readonly [Settlement, full: boolean]> {
    const { health } = memory.loaded;
    const due = dueLines(memory, probing, now());
    // A receiver that is down while nothing is held is probed by what comes next.
    const reads = heldIn(memory) < HELD_MOST && (!probing || due.length === 0);
    const page = reads ? await readPage(log, claim.app, memory, memory.selector, logger) : undefined;
    const counting = onAttempt ? { onAttempt } : {};
    const settlement = await deliverTurn(memory, due, page, {
      name: claim.name,
      effort: effort(health, { post, to: memory.loaded, now, random, wait, ...rights, ...counting }),
      probing,
      held: (place) => work.held(claim, place),
      now,
      wait: (failures) => wait(failures, random()),
    });
    return [settlement, page?.full ?? false];
  }

  /** The places of what is held now; nothing is written when only the cursor moved a moment after it was written last. */
  async function write(settlement: Settlement, cursor: string): Promise<readonly string[] | "moved" | "over"> {
    const soon = cursor === saved.cursor || now() - saved.at < SAVE_MS;
    if (isIdle(settlement) && soon) return [];
    const answer = await work.settle(claim, settlement);
    if (answer.outcome !== "settled") return answer.outcome === "moved" ? "moved" : "over";
    if (settlement.disable) return "over";
    Object.assign(saved, { cursor, at: now() });
    return answer.places;
  }

  return async (memory) => {
    const { misses, retryAt } = memory.loaded.health;
    const probing = misses >= MISSES_MOST;
    if (probing && retryAt > now()) return { outcome: "went-on", memory, waitMs: retryAt - now() };
    const [settlement, full] = await deliver(memory, probing);
    const { cursor = memory.asStored } = settlement;
    const places = await write(settlement, cursor);
    if (typeof places === "string") return { outcome: places };
    const after: Memory = {
      ...memory,
      loaded: { ...memory.loaded, health: settlement.health },
      lines: linesAfter(memory.lines, settlement, places),
      ...(settlement.cursor === undefined ? {} : { cursor: parseCursor(cursor), asStored: cursor }),
    };
    const busy = full || settlement.drop.length > 0;
    const restMs = Math.min(untilDue(after, now()), cursor === saved.cursor ? IDLE_MS : SAVE_MS);
    return { outcome: "went-on", memory: after, waitMs: busy ? 0 : restMs };
  };
}

function heldIn({ lines }: Memory): number {
  return [...lines.values()].reduce((sum, { places }) => sum + places.length, 0);
}

/** Nothing happened but that the cursor moved on. */
function isIdle({ hold, drop, tries, deliveries }: Settlement): boolean {
  return hold.length + drop.length + tries.size + deliveries.length === 0;
}

/** Until something held is due, or the next probe. */
function untilDue({ loaded: { health }, lines }: Memory, now: number): number {
  const probing = health.misses >= MISSES_MOST && lines.size > 0;
  const times = probing ? [health.retryAt] : [...lines.values()].map(({ tries }) => tries.retryAt);
  return Math.max(0, Math.min(IDLE_MS, ...times.map((at) => at - now)));
}
