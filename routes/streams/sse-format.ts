import { encodeSseBlock } from "../../src/streaming/sse-encoding.ts";
import type { StreamGap, StreamStart } from "../../src/streaming/subscriber.ts";
import type { EndReason } from "./stream-registry.ts";

/** The head of every event stream. Nothing on the way may hold it back, keep it or change it. */
export const SSE_HEADERS = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-cache, no-store, no-transform",
  "X-Accel-Buffering": "no",
  "X-Content-Type-Options": "nosniff",
  Connection: "close",
} as const;

/** Milliseconds an EventSource waits before it comes back. */
const RETRY_MS = 3_000;

/** The first bytes. How soon to come back, a comment, where this stream starts, and the gap if there is one. */
export function formatOpening(start: StreamStart, heartbeatSeconds: number): string {
  const data = JSON.stringify({ cursor: start.cursor, heartbeatSeconds });
  const ready = encodeSseBlock({ event: "ready", id: start.cursor, data });
  return `retry: ${RETRY_MS}\n: dragoman\n\n${ready}${start.gap ? formatGap(start.gap) : ""}`;
}

/** Formats a gap. Events are no longer kept; the stream continues at the log's end. */
export function formatGap({ requested, earliest, latest }: StreamGap): string {
  return encodeSseBlock({
    event: "gap",
    id: latest,
    data: JSON.stringify({ requested: requested ?? null, earliest, latest }),
  });
}

/** Position event for a subscriber whose filter matched nothing. */
export function formatPosition(cursor: string): string {
  return encodeSseBlock({ event: "position", id: cursor, data: "{}" });
}

/** The last words; `retryMs` makes an EventSource wait so long. */
export function formatGoodbye(reason: EndReason, reconnect: boolean, retryMs?: number): string {
  const retry = retryMs === undefined ? "" : `retry: ${retryMs}\n\n`;
  return `${retry}${encodeSseBlock({ event: "goodbye", data: JSON.stringify({ reason, reconnect }) })}`;
}
