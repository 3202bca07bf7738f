import { compareIds } from "../event-log/cursor.ts";
import type { Frame } from "./encoded-event.ts";

/** The newest events of one app in memory, so that most resumes cost Redis nothing. */
export interface Window {
  /** Every event after this id, up to the newest read, is here. */
  readonly start: () => string;
  readonly push: (frame: Frame) => void;
  readonly after: (id: string) => readonly Frame[];
  readonly restart: (start: string) => void;
}

const MOST_FRAMES = 1_000;
const MOST_CHARACTERS = 524_288;

/** Holds up to 1,000 events or half a million characters per app; the oldest give way. */
export function eventWindow(begin: string): Window {
  let start = begin;
  let frames: Frame[] = [];
  let head = 0;
  let size = 0;

  function shrink(): void {
    while (frames.length - head > MOST_FRAMES || size > MOST_CHARACTERS) {
      const oldest = frames[head] as Frame;
      head++;
      size -= oldest.json.length;
      start = oldest.id;
    }
    if (head > MOST_FRAMES) {
      frames = frames.slice(head);
      head = 0;
    }
  }
  return {
    start: () => start,
    push: (frame) => {
      frames.push(frame);
      size += frame.json.length;
      shrink();
    },
    after: (id) => {
      let low = head;
      let high = frames.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (compareIds((frames[middle] as Frame).id, id) <= 0) low = middle + 1;
        else high = middle;
      }
      return frames.slice(low);
    },
    restart: (next) => {
      start = next;
      frames = [];
      head = 0;
      size = 0;
    },
  };
}
