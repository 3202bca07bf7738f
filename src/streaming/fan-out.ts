import { type Selector, selects } from "../event-log/filter.ts";
import type { Log } from "../model/log.ts";
import { type Batch, batchOf, type Frame } from "./encoded-event.ts";
import type { Follower } from "./subscriber.ts";
import { listenerIndex } from "./subscriber-index.ts";

/** One listener as the tail sees it. */
export interface Listener {
  readonly selector: Selector;
  readonly follower: Follower;
  epoch: string;
  /** Read for this listener up to here; while it is live, whatever the app's reader has reached counts if it is later. */
  scanned: string;
  live: boolean;
  stopped: boolean;
  pending: Frame[];
}

/** Gathers what is due for each live listener of one app, and hands it over in one batch each. */
export interface FanOut {
  readonly add: (listener: Listener) => void;
  readonly remove: (listener: Listener) => void;
  /** Makes the frame due for the listeners that select it and that `wants` lets through. */
  readonly offer: (frame: Frame, wants: (listener: Listener) => boolean) => void;
  readonly flush: () => void;
  readonly send: (listener: Listener, batch: Batch) => void;
}

/** Listeners that get all that is due share one batch, and with it one buffer. */
export function fanOut(app: string, log: Log): FanOut {
  const index = listenerIndex<Listener>();
  const touched = new Set<Listener>();
  let due: Frame[] = [];

  function send(listener: Listener, batch: Batch): void {
    const failed = (error: unknown) => log.error({ err: error, app }, "a listener failed to take events");
    try {
      const slow = listener.follower.onEvents(batch);
      if (slow instanceof Promise) slow.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
  return {
    add: (listener) => index.add(listener, listener.selector),
    remove: (listener) => index.remove(listener, listener.selector),
    offer: (frame, wants) => {
      due.push(frame);
      index.visit(frame.facts, (listener) => {
        const { pending } = listener;
        if (pending[pending.length - 1] === frame || !selects(listener.selector, frame.facts)) return;
        if (!wants(listener)) return;
        pending.push(frame);
        touched.add(listener);
      });
    },
    flush: () => {
      const whole = batchOf(due);
      for (const listener of touched) {
        const { pending } = listener;
        listener.pending = [];
        if (!listener.stopped) send(listener, pending.length === due.length ? whole : batchOf(pending));
      }
      touched.clear();
      for (const frame of due) frame.built.clear();
      due = [];
    },
    send,
  };
}
