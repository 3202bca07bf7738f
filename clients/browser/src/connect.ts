import type { Dragoman, DragomanEvent, Gap, Options, Result, State } from "../dragoman.d.ts";
import { leader } from "./leader.ts";
import { DragomanError, requests } from "./request.ts";
import { sends } from "./sends.ts";
import { shared } from "./shared.ts";
import { type Frame, poll } from "./transports.ts";

export { DragomanError };

/** Cursors remembered, to tell what is new from what another tab repeats. */
const SEEN_MOST = 2_000;

export function connect(options: Options = {}): Dragoman {
  const { url = "/gateway", filter, after, transport, share, onevent, ongap, onstate } = options;
  const filtered = `&${new URLSearchParams(filter as Record<string, string>)}`;
  const gateway = requests(options, url);
  const seen = new Set<string | undefined>();
  let state: State = "connecting";
  let cursor = after;
  if (after) seen.add(after);

  const setState = (to: State, error?: DragomanError) => {
    if (state === to || state === "ended") return;
    state = to;
    onstate?.(to, error);
  };
  const sending = sends(gateway.call, () => state === "live");
  /** What this tab does about a frame, wherever it comes from. */
  const handle = (frame: Frame) => {
    const { type } = frame;
    if (frame.cursor) {
      cursor = frame.cursor;
      seen.add(cursor);
      if (seen.size > SEEN_MOST) seen.delete(seen.values().next().value);
    }
    if (type === "gap") ongap?.(frame as unknown as Gap);
    else if (type !== "ready" && type !== "position") {
      if (type === "result") sending.settle(frame as unknown as Result);
      onevent?.(frame as DragomanEvent);
    }
  };
  const place = () => ({ state, cursor });
  const query = () => `?after=${cursor ?? ""}${filtered}`;

  const leading = leader({
    gateway,
    query,
    socketWanted: transport === "socket",
    ended: () => state === "ended",
    take: (frame) => {
      const before = cursor;
      handle(frame);
      tabs.tell({ state, cursor: before, frame });
    },
    setState: (to) => {
      setState(to);
      tabs.tell(place());
    },
    end,
  });
  const tabs = shared(share ?? url + filtered, {
    passed: (one) => seen.has(one),
    place,
    setState,
    handle,
    fetchMissed: () => poll(gateway, query(), handle, null, 0),
    lead: leading.lead,
  });

  function end(error?: DragomanError): void {
    setState("ended", error);
    removeEventListener("online", leading.again);
    tabs.leave();
    sending.leave(error ?? new DragomanError(0));
    leading.again();
  }
  addEventListener("online", leading.again);

  return {
    get state() {
      return state;
    },
    get cursor() {
      return cursor;
    },
    send: sending.send,
    close: () => end(),
  };
}
