import { get, type IncomingMessage } from "node:http";
import { createParser } from "eventsource-parser";

export interface CrowdSettings {
  readonly port: number;
  /** The key that each listener comes with: one listener for each entry. */
  readonly keys: readonly string[];
}

/** What one listener of the crowd keeps in its own book. */
export interface Member {
  readonly key: string;
  /** The ids of all events, in the order they came. */
  readonly ids: readonly string[];
  /** The rids whose results came, in that order. */
  readonly rids: readonly string[];
}

export interface Crowd {
  readonly members: readonly Member[];
  /** How often streams were opened: what exceeds the members came back. */
  readonly opened: () => number;
  /** Answers that end a browser's EventSource for good, and streams that said that events are lost. */
  readonly faults: readonly string[];
  /** Events that came, in all. */
  readonly heard: () => number;
  /** Resolves once it fits; rejects after `timeoutMs`. */
  readonly until: (fits: () => boolean, timeoutMs: number) => Promise<void>;
  readonly close: () => void;
}

interface Seat extends Member {
  readonly ids: string[];
  readonly rids: string[];
  lastId: string;
  retryMs: number;
  cut: () => void;
}

/** Many listeners that behave as browsers do: back after the time they were told, with the id of their last event. */
export async function streamCrowd({ port, keys }: CrowdSettings): Promise<Crowd> {
  const faults: string[] = [];
  const counts = { opened: 0, heard: 0 };
  const watchers = new Set<() => void>();
  const members: Seat[] = keys.map((key) => ({
    key,
    ids: [],
    rids: [],
    lastId: "",
    retryMs: 1_000,
    cut: () => undefined,
  }));
  let over = false;

  const come = (seat: Seat): void => {
    if (over) return;
    const headers = { Accept: "text/event-stream", Authorization: `Bearer ${seat.key}` };
    const resume = seat.lastId === "" ? {} : { "Last-Event-ID": seat.lastId };
    const request = get({
      host: "127.0.0.1",
      port,
      path: "/gateway/events",
      headers: { ...headers, ...resume },
      agent: false,
    });
    let done = false;
    const again = (): void => {
      if (done || over) return;
      done = true;
      setTimeout(() => come(seat), seat.retryMs);
    };
    seat.cut = () => request.destroy();
    request.on("error", again);
    request.on("response", (response) => {
      if (response.statusCode !== 200) faults.push(`status ${response.statusCode}`);
      read(response, seat);
      response.on("error", again).on("close", again);
    });
  };

  function read(response: IncomingMessage, seat: Seat): void {
    const parser = createParser({
      onRetry: (ms) => {
        seat.retryMs = ms;
      },
      onEvent: ({ id, event, data }) => {
        if (id !== undefined) seat.lastId = id;
        if (event === "ready") counts.opened++;
        if (event === "gap") faults.push("gap");
        if (event !== undefined || id === undefined) return;
        const { type, rid } = JSON.parse(data) as { readonly type: string; readonly rid?: string };
        seat.ids.push(id);
        if (type === "result") seat.rids.push(String(rid));
        counts.heard++;
      },
    });
    response.setEncoding("utf8").on("data", (text: string) => {
      parser.feed(text);
      for (const look of watchers) look();
    });
  }

  const crowd: Crowd = {
    members,
    faults,
    opened: () => counts.opened,
    heard: () => counts.heard,
    until: (fits, timeoutMs) =>
      new Promise((resolve, reject) => {
        const settle = (error?: Error): void => {
          clearTimeout(timer);
          watchers.delete(look);
          if (error) reject(error);
          else resolve();
        };
        const look = (): void => {
          if (fits()) settle();
        };
        const timer = setTimeout(() => settle(new Error(`Not after ${timeoutMs} ms: ${fits.toString()}`)), timeoutMs);
        watchers.add(look);
        look();
      }),
    close: () => {
      over = true;
      for (const seat of members) seat.cut();
    },
  };
  for (const seat of members) come(seat);
  await crowd.until(() => counts.opened === members.length, 30_000);
  return crowd;
}
