import { compareIds } from "../event-log/cursor.ts";
import type { EncodedEvent } from "./encoded-event.ts";

/** The newest events of one app in memory, so that most resumes cost Redis nothing. */
export interface RecentEvents {
  /** Every event after this id, up to the newest read, is here. */
  readonly start: () => string;
  readonly push: (event: EncodedEvent) => void;
  readonly after: (id: string) => readonly EncodedEvent[];
  readonly restart: (start: string) => void;
}

const MAX_FRAMES = 1_000;
const MAX_CHARACTERS = 524_288;

/** Holds up to 1,000 events or half a million characters per app. The oldest give way. */
export function recentEvents(begin: string): RecentEvents {
  let start = begin;
  let events: EncodedEvent[] = [];
  let head = 0;
  let size = 0;

  function shrink(): void {
    while (events.length - head > MAX_FRAMES || size > MAX_CHARACTERS) {
      const oldest = events[head] as EncodedEvent;
      head++;
      size -= oldest.json.length;
      start = oldest.id;
    }
    if (head > MAX_FRAMES) {
      events = events.slice(head);
      head = 0;
    }
  }
  return {
    start: () => start,
    push: (event) => {
      events.push(event);
      size += event.json.length;
      shrink();
    },
    after: (id) => {
      let low = head;
      let high = events.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (compareIds((events[middle] as EncodedEvent).id, id) <= 0) low = middle + 1;
        else high = middle;
      }
      return events.slice(low);
    },
    restart: (next) => {
      start = next;
      events = [];
      head = 0;
      size = 0;
    },
  };
}
