import type { Cursor } from "../event-log/cursor.ts";
import { type Selector, selectorOf } from "../event-log/filter.ts";
import type { EventType } from "../model/event.ts";
import type { Holding, Loaded, Tries } from "./delivery-store.ts";

/** A conversation of which something is held: places in the hook's own outbox, oldest first. */
export interface Line {
  readonly places: readonly string[];
  readonly tries: Tries;
}

/** What a worker knows of the hook it delivers. */
export interface Memory {
  readonly loaded: Loaded;
  readonly selector: Selector;
  readonly lines: ReadonlyMap<string, Line>;
  readonly cursor: Cursor | undefined;
  readonly asStored: string;
}

/** What has no tries yet, or whose tries were forgotten by a `PUT`, is due at once. */
const DUE: Tries = { attempts: 0, since: 0, retryAt: 0 };

/** The picture as Redis has it. */
export function memoryOf(loaded: Loaded): Memory {
  const lines = new Map<string, { places: string[]; tries: Tries }>();
  for (const { place, conversation } of loaded.held) {
    const line = lines.get(conversation) ?? { places: [], tries: loaded.tries.get(conversation) ?? DUE };
    line.places.push(place);
    lines.set(conversation, line);
  }
  const { types, platforms, actors } = loaded.filter;
  const filter = {
    ...(types ? { types: types as readonly EventType[] } : {}),
    ...(platforms ? { platforms } : {}),
    ...(actors ? { actors } : {}),
  };
  return { loaded, lines, selector: selectorOf(filter, {}), cursor: loaded.cursor, asStored: loaded.asStored };
}

/** The lines after a turn was written down. */
export function linesAfter(
  lines: Memory["lines"],
  turn: {
    readonly hold: readonly Holding[];
    readonly drop: readonly string[];
    readonly tries: ReadonlyMap<string, Tries | undefined>;
  },
  places: readonly string[],
): Memory["lines"] {
  const dropped = new Set(turn.drop);
  const after = new Map<string, Line>();
  for (const [conversation, { places: old, tries }] of lines) {
    const left = dropped.size === 0 ? old : old.filter((place) => !dropped.has(place));
    if (left.length > 0) after.set(conversation, { places: left, tries: turn.tries.get(conversation) ?? tries });
  }
  for (const [at, { conversation }] of turn.hold.entries()) {
    const line = after.get(conversation) ?? { places: [], tries: turn.tries.get(conversation) ?? DUE };
    after.set(conversation, { ...line, places: [...line.places, places[at] as string] });
  }
  return after;
}
