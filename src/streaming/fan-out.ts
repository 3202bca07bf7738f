import { type Selector, selects } from "../event-log/filter.ts";
import type { Log } from "../model/log.ts";
import { createBatch, type EncodedEvent, type EventBatch } from "./encoded-event.ts";
import type { SubscriberCallbacks } from "./subscriber.ts";
import { subscriberIndex } from "./subscriber-index.ts";

/** Subscriber as the tail sees it. */
export interface Subscriber {
  readonly selector: Selector;
  readonly callbacks: SubscriberCallbacks;
  epoch: string;
  /** Read for this listener up to here. While it is live, whatever the app's reader has reached counts if it is later. */
  scanned: string;
  live: boolean;
  stopped: boolean;
  pending: EncodedEvent[];
}

/** Gathers the due events of each live subscriber and passes them in a batch. */
export interface FanOut {
  readonly add: (subscriber: Subscriber) => void;
  readonly remove: (subscriber: Subscriber) => void;
  /** Makes the frame due for the listeners that select it and that `wants` lets through. */
  readonly offer: (event: EncodedEvent, wants: (subscriber: Subscriber) => boolean) => void;
  readonly flush: () => void;
  readonly send: (subscriber: Subscriber, batch: EventBatch) => void;
}

/** Listeners that get all that is due share one batch, and with it one buffer. */
export function fanOut(app: string, log: Log): FanOut {
  const index = subscriberIndex<Subscriber>();
  const touched = new Set<Subscriber>();
  let due: EncodedEvent[] = [];

  function send(subscriber: Subscriber, batch: EventBatch): void {
    const failed = (error: unknown) => log.error({ err: error, app }, "subscriber failed to accept events");
    try {
      const slow = subscriber.callbacks.onEvents(batch);
      if (slow instanceof Promise) slow.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
  return {
    add: (subscriber) => index.add(subscriber, subscriber.selector),
    remove: (subscriber) => index.remove(subscriber, subscriber.selector),
    offer: (event, wants) => {
      due.push(event);
      index.visit(event.facts, (subscriber) => {
        const { pending } = subscriber;
        if (pending[pending.length - 1] === event || !selects(subscriber.selector, event.facts)) return;
        if (!wants(subscriber)) return;
        pending.push(event);
        touched.add(subscriber);
      });
    },
    flush: () => {
      const whole = createBatch(due);
      for (const subscriber of touched) {
        const { pending } = subscriber;
        subscriber.pending = [];
        if (!subscriber.stopped) send(subscriber, pending.length === due.length ? whole : createBatch(pending));
      }
      touched.clear();
      for (const event of due) event.encodings.clear();
      due = [];
    },
    send,
  };
}
