import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { API, ask, ofApp } from "../api.ts";
import { type EventBuffer, eventBuffer } from "./event-buffer.ts";

export interface LiveEvents {
  readonly buffer: EventBuffer;
  /** Grows whenever the list is to be drawn anew. */
  readonly version: number;
  readonly state: "connecting" | "live" | "waiting" | "ended";
}

/** Shortest time between two drawings. Any number of events may arrive in between. */
const DRAW_MS = 100;

/** Follows an app's event stream. While paused, events are kept but the list stays as it is. */
export function useLiveEvents(app: string, query: string, isPaused: boolean): LiveEvents {
  const buffer = useMemo(() => eventBuffer(), []);
  const [version, setVersion] = useState(0);
  const [state, setState] = useState<LiveEvents["state"]>("connecting");
  const paused = useRef(isPaused);
  paused.current = isPaused;
  useEffect(() => {
    buffer.clear();
    setVersion((before) => before + 1);
    const source = new EventSource(`${API}${ofApp(app, `/events?${query}`)}`);
    let drawing: ReturnType<typeof setTimeout> | undefined;
    const draw = (): void => {
      drawing = undefined;
      if (!paused.current) setVersion((before) => before + 1);
    };
    source.addEventListener("ready", () => setState("live"));
    source.addEventListener("error", () => {
      const isEnded = source.readyState === EventSource.CLOSED;
      setState(isEnded ? "ended" : "waiting");
      // A refusal is most often the end of the session, which this request reports.
      if (isEnded) void ask("/session").catch(() => undefined);
    });
    source.addEventListener("message", ({ data, lastEventId }: MessageEvent<string>) => {
      buffer.add({ cursor: lastEventId, text: data, event: JSON.parse(data) as Record<string, unknown> });
      drawing ??= setTimeout(draw, DRAW_MS);
    });
    return () => {
      source.close();
      clearTimeout(drawing);
    };
  }, [app, query, buffer]);
  useEffect(() => {
    if (!isPaused) setVersion((before) => before + 1);
  }, [isPaused]);
  return { buffer, version, state };
}
