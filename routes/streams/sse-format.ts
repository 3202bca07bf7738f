import { sseBlock } from "../../src/streaming/sse-encoding.ts";
import type { Gap, Start } from "../../src/streaming/subscriber.ts";
import type { EndReason } from "./stream-registry.ts";

/** The head of every event stream: nothing on the way may hold it back, keep it or change it. */
export const SSE_HEADERS = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-cache, no-store, no-transform",
  "X-Accel-Buffering": "no",
  "X-Content-Type-Options": "nosniff",
  Connection: "close",
} as const;

/** Milliseconds an EventSource waits before it comes back. */
const RETRY_MS = 3_000;

/** The first bytes: how soon to come back, a comment, where this stream starts, and the gap if there is one. */
export function openingText(start: Start, heartbeatSeconds: number): string {
  const data = JSON.stringify({ cursor: start.cursor, heartbeatSeconds });
  const ready = sseBlock({ event: "ready", id: start.cursor, data });
  return `retry: ${RETRY_MS}\n: dragoman\n\n${ready}${start.gap ? gapText(start.gap) : ""}`;
}

/** Says that events are lost to this listener, and goes on at the log's end. */
export function gapText({ requested, earliest, latest }: Gap): string {
  return sseBlock({
    event: "gap",
    id: latest,
    data: JSON.stringify({ requested: requested ?? null, earliest, latest }),
  });
}

/** How far was read for a listener whose filter let nothing through. */
export function positionText(cursor: string): string {
  return sseBlock({ event: "position", id: cursor, data: "{}" });
}

/** The last words; `retryMs` makes an EventSource wait so long. */
export function goodbyeText(reason: EndReason, reconnect: boolean, retryMs?: number): string {
  const retry = retryMs === undefined ? "" : `retry: ${retryMs}\n\n`;
  return `${retry}${sseBlock({ event: "goodbye", data: JSON.stringify({ reason, reconnect }) })}`;
}
