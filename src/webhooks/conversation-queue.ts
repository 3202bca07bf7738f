import type { HookEvent } from "../model/event.ts";
import type { EventError } from "../model/failure.ts";
import { GIVE_UP_MS } from "./backoff.ts";
import type { Effort } from "./circuit-breaker.ts";
import type { Line } from "./delivery-state.ts";
import type { Holding, Tries } from "./delivery-store.ts";
import type { Verdict } from "./post.ts";

type Item = Omit<Holding, "conversation">;

export interface SequencesDeps {
  readonly name: string;
  readonly effort: Effort;
  /** The receiver was down before: the first attempt is a probe, made all the same. */
  readonly probing: boolean;
  /** Fetches an event from the hook's own outbox. */
  readonly held: (place: string) => Promise<Item | undefined>;
  readonly now: () => number;
  /** Milliseconds to wait after so many failures. */
  readonly wait: (failures: number) => number;
}

/** Conversations delivered event by event, and what is to be remembered of them. */
export interface Sequences {
  /** New events of a conversation, until one is not taken. */
  readonly fresh: (conversation: string, items: readonly Holding[]) => Promise<void>;
  /** What is held of a conversation; `more`: further events of it join behind. */
  readonly again: (conversation: string, line: Line, more: boolean) => Promise<void>;
  readonly done: ReadonlySet<Holding>;
  readonly drop: readonly string[];
  readonly tries: Map<string, Tries | undefined>;
  /** Events of which was given up, for the app's log. */
  readonly skipped: readonly HookEvent[];
}

/** Held events of one conversation that one turn may take. */
const LINE_MOST = 100;

/** Order within a conversation: nothing is sent behind what was not taken, until that was given up. */
export function sequences({ name, effort, probing, held, now, wait }: SequencesDeps): Sequences {
  const tries = new Map<string, Tries | undefined>();
  const done = new Set<Holding>();
  const drop: string[] = [];
  const skipped: HookEvent[] = [];
  let probe = probing;

  function mayTry(): boolean {
    if (!effort.halted()) return true;
    const once = probe;
    probe = false;
    return once;
  }
  const dueNow = (): Tries => ({ attempts: 0, since: now(), retryAt: now() });
  const failed = (attempts: number, since: number): Tries => ({ attempts, since, retryAt: now() + wait(attempts) });

  async function fresh(conversation: string, items: readonly Holding[]): Promise<void> {
    for (const item of items) {
      const verdict = mayTry() ? await effort.attempt(item, 1) : undefined;
      if (!verdict?.delivered) {
        tries.set(conversation, verdict ? failed(1, now()) : dueNow());
        return;
      }
      done.add(item);
    }
  }

  /** True when the event is done with: taken, given up, or not there any more. Else says when to try again. */
  async function retried(conversation: string, place: string, before: Tries): Promise<boolean> {
    const item = await held(place);
    if (item === undefined) return true;
    const verdict = await effort.attempt(item, before.attempts + 1);
    if (verdict?.delivered) return true;
    if (verdict === undefined) return false;
    const since = before.attempts === 0 ? now() : before.since;
    if (now() - since >= GIVE_UP_MS && effort.disable() === undefined) {
      skipped.push(skippedEvent(name, item, verdict, now()));
      return true;
    }
    tries.set(conversation, failed(before.attempts + 1, since));
    return false;
  }

  async function again(conversation: string, line: Line, more: boolean): Promise<void> {
    let gone = 0;
    let current = line.tries;
    for (const place of line.places.slice(0, LINE_MOST)) {
      if (!mayTry()) break;
      if (!(await retried(conversation, place, current))) break;
      drop.push(place);
      gone += 1;
      current = dueNow();
    }
    if (gone === 0 || tries.has(conversation)) return;
    tries.set(conversation, more || gone < line.places.length ? current : undefined);
  }

  return { fresh, again, done, drop, tries, skipped };
}

const NOT_TAKEN: EventError = {
  code: "platform-unavailable",
  detail: "The receiver could not take it.",
  retryable: true,
};

function skippedEvent(name: string, { json }: Item, { error = NOT_TAKEN }: Verdict, now: number): HookEvent {
  const { cursor } = JSON.parse(json) as { readonly cursor?: string };
  const lost = cursor === undefined ? {} : { lost: cursor };
  return { type: "hook", name, state: "skipped", error, ...lost, published: new Date(now).toISOString() };
}
