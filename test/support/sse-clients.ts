import { get, type IncomingMessage } from "node:http";
import { createParser } from "eventsource-parser";

export interface ListenerSettings {
  readonly port: number;
  /** Keys of the listeners, one listener per entry. */
  readonly keys: readonly string[];
}

/** Events that one listener received. */
export interface ListenerRecord {
  readonly key: string;
  /** Ids of all events in order of arrival. */
  readonly ids: readonly string[];
  /** Rids of received results in order of arrival. */
  readonly rids: readonly string[];
}

export interface SseClients {
  readonly members: readonly ListenerRecord[];
  /** Number of opened streams; those beyond the number of members are reconnects. */
  readonly opened: () => number;
  /** Answers that end a browser's EventSource for good, and `gap` events. */
  readonly faults: readonly string[];
  /** Events that came, in all. */
  readonly received: () => number;
  /** Resolves once the condition holds; rejects after `timeoutMs`. */
  readonly until: (fits: () => boolean, timeoutMs: number) => Promise<void>;
  readonly close: () => void;
}

interface ClientState extends ListenerRecord {
  readonly ids: string[];
  readonly rids: string[];
  lastId: string;
  retryMs: number;
  cut: () => void;
}

/** Opens many listeners that reconnect as browsers do. They wait the advised time and send the last event id. */
export async function sseClients({ port, keys }: ListenerSettings): Promise<SseClients> {
  const faults: string[] = [];
  const counts = { opened: 0, heard: 0 };
  const watchers = new Set<() => void>();
  const members: ClientState[] = keys.map((key) => ({
    key,
    ids: [],
    rids: [],
    lastId: "",
    retryMs: 1_000,
    cut: () => undefined,
  }));
  let over = false;

  const connect = (client: ClientState): void => {
    if (over) return;
    const headers = { Accept: "text/event-stream", Authorization: `Bearer ${client.key}` };
    const resume = client.lastId === "" ? {} : { "Last-Event-ID": client.lastId };
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
      setTimeout(() => connect(client), client.retryMs);
    };
    client.cut = () => request.destroy();
    request.on("error", again);
    request.on("response", (response) => {
      if (response.statusCode !== 200) faults.push(`status ${response.statusCode}`);
      read(response, client);
      response.on("error", again).on("close", again);
    });
  };

  function read(response: IncomingMessage, client: ClientState): void {
    const parser = createParser({
      onRetry: (ms) => {
        client.retryMs = ms;
      },
      onEvent: ({ id, event, data }) => {
        if (id !== undefined) client.lastId = id;
        if (event === "ready") counts.opened++;
        if (event === "gap") faults.push("gap");
        if (event !== undefined || id === undefined) return;
        const { type, rid } = JSON.parse(data) as { readonly type: string; readonly rid?: string };
        client.ids.push(id);
        if (type === "result") client.rids.push(String(rid));
        counts.heard++;
      },
    });
    response.setEncoding("utf8").on("data", (text: string) => {
      parser.feed(text);
      for (const check of watchers) check();
    });
  }

  const crowd: SseClients = {
    members,
    faults,
    opened: () => counts.opened,
    received: () => counts.heard,
    until: (fits, timeoutMs) =>
      new Promise((resolve, reject) => {
        const settle = (error?: Error): void => {
          clearTimeout(timer);
          watchers.delete(check);
          if (error) reject(error);
          else resolve();
        };
        const check = (): void => {
          if (fits()) settle();
        };
        const timer = setTimeout(() => settle(new Error(`Not after ${timeoutMs} ms: ${fits.toString()}`)), timeoutMs);
        watchers.add(check);
        check();
      }),
    close: () => {
      over = true;
      for (const client of members) client.cut();
    },
  };
  for (const client of members) connect(client);
  await crowd.until(() => counts.opened === members.length, 30_000);
  return crowd;
}
