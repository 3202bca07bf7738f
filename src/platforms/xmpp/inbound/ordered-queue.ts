import type { Stanza } from "../client/library.ts";
import { senseless } from "../errors.ts";

/** Deals with what comes one after the other, in the order of the stream; holds it back until `open`. */
export interface Inbox {
  readonly push: (stanza: Stanza, handled: () => void) => void;
  readonly open: () => void;
  /** Takes a turn in the same order, for what does not come by the stream. */
  readonly turn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Held back at most while the archive is read, and waiting at most before the socket is read no further. */
const HELD_BACK = 5_000;
const WAITING = 500;

export function inbox(deps: {
  readonly deal: (stanza: Stanza) => Promise<void>;
  readonly pause: (paused: boolean) => void;
  readonly fail: (thrown: unknown) => void;
}): Inbox {
  let held: Array<() => void> | undefined = [];
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  function turn<T>(work: () => Promise<T>): Promise<T> {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  }
  function run(stanza: Stanza, handled: () => void): void {
    waiting += 1;
    if (waiting === WAITING) deps.pause(true);
    turn(() => deps.deal(stanza)).then(
      () => {
        handled();
        waiting -= 1;
        if (waiting === WAITING / 2) deps.pause(false);
      },
      // What was not stored is not acknowledged, and nothing after it may be.
      (thrown: unknown) => deps.fail(thrown),
    );
  }
  return {
    turn,
    push: (stanza, handled) => {
      if (!held) return run(stanza, handled);
      if (held.length >= HELD_BACK) deps.fail(senseless("More came during the login than can be held back."));
      else held.push(() => run(stanza, handled));
    },
    open: () => {
      const all = held ?? [];
      held = undefined;
      for (const one of all) one();
    },
  };
}
