import type { Stanza } from "../client/library.ts";
import { protocolError } from "../errors.ts";

/** Handles stanzas one after the other, in stream order; holds stanzas back until `open`. */
export interface OrderedQueue {
  readonly push: (stanza: Stanza, markHandled: () => void) => void;
  readonly open: () => void;
  /** Runs work in the same order, for events that do not come by the stream. */
  readonly run: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Stanzas held back while the archive is read. */
const MAX_HELD_BACK = 5_000;
/** Waiting stanzas after which the socket is no longer read. */
const MAX_WAITING = 500;

export interface OrderedQueueOptions {
  readonly handle: (stanza: Stanza) => Promise<void>;
  readonly pause: (isPaused: boolean) => void;
  readonly fail: (thrown: unknown) => void;
}

export function orderedQueue(options: OrderedQueueOptions): OrderedQueue {
  let heldBack: Array<() => void> | undefined = [];
  let previous: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  function run<T>(work: () => Promise<T>): Promise<T> {
    const current = previous.then(work);
    previous = current.catch(() => undefined);
    return current;
  }
  function handle(stanza: Stanza, markHandled: () => void): void {
    waiting += 1;
    if (waiting === MAX_WAITING) options.pause(true);
    run(() => options.handle(stanza))
      .then(() => {
        markHandled();
        waiting -= 1;
        if (waiting === MAX_WAITING / 2) options.pause(false);
      })
      // An unrecorded stanza is not acknowledged, and no later stanza may be. Nor can one be on a broken connection.
      .catch((thrown: unknown) => options.fail(thrown));
  }
  return {
    run,
    push: (stanza, markHandled) => {
      if (!heldBack) return handle(stanza, markHandled);
      if (heldBack.length >= MAX_HELD_BACK)
        options.fail(protocolError("The XMPP server sent more stanzas during the login than can be held back."));
      else heldBack.push(() => handle(stanza, markHandled));
    },
    open: () => {
      const stanzas = heldBack ?? [];
      heldBack = undefined;
      for (const handleStanza of stanzas) handleStanza();
    },
  };
}
