import { WebSocket } from "ws";
import type { ListenerRecord, ListenerSettings } from "./sse-clients.ts";

export interface WebSocketClients {
  readonly members: readonly ListenerRecord[];
  /** Number of opened sockets; those beyond the number of members are reconnects. */
  readonly opened: () => number;
  /** Sockets without a goodbye, `gap` events, and handshakes refused by other statuses than 503. */
  readonly faults: readonly string[];
  /** Handshakes answered 503 by a gateway that is shutting down; clients try again. */
  readonly refused: () => number;
  /** Resolves once the condition holds; rejects after `timeoutMs`. */
  readonly until: (fits: () => boolean, timeoutMs: number) => Promise<void>;
  readonly close: () => void;
}

interface ClientState extends ListenerRecord {
  readonly ids: string[];
  readonly rids: string[];
  cursor: string;
  ws: WebSocket | undefined;
}

interface Frame {
  readonly type: string;
  readonly cursor?: string;
  readonly rid?: string;
}

/** Opens many WebSocket listeners that reconnect as documented: after a pause, with the last cursor. */
export async function webSocketClients({ port, keys }: ListenerSettings): Promise<WebSocketClients> {
  const faults: string[] = [];
  const watchers = new Set<() => void>();
  const members: ClientState[] = keys.map((key) => ({ key, ids: [], rids: [], cursor: "", ws: undefined }));
  let opened = 0;
  let refused = 0;
  let over = false;

  const connect = (client: ClientState): void => {
    if (over) return;
    const after = client.cursor === "" ? "" : `?after=${client.cursor}`;
    const headers = { Authorization: `Bearer ${client.key}` };
    const ws = new WebSocket(`ws://127.0.0.1:${port}/gateway/socket${after}`, { headers });
    client.ws = ws;
    let farewell = false;
    let isRefused = false;
    ws.on("error", (error) => {
      isRefused = error.message === "Unexpected server response: 503";
      if (isRefused) refused++;
      else if (!over) faults.push(error.message);
    });
    ws.on("message", (data) => {
      const frame = JSON.parse(String(data)) as Frame;
      if (frame.type === "goodbye") farewell = true;
      else take(client, frame);
    });
    ws.on("close", (code) => {
      if (over) return;
      if (!isRefused && (!farewell || code !== 4503)) faults.push(`closed ${code}`);
      setTimeout(() => connect(client), 500 + Math.random() * 1_000);
    });
  };

  function take(client: ClientState, { type, cursor, rid }: Frame): void {
    if (cursor !== undefined) client.cursor = cursor;
    if (type === "ready") opened++;
    else if (type === "gap") faults.push("gap");
    else if (cursor !== undefined) client.ids.push(cursor);
    if (type === "result") client.rids.push(String(rid));
    for (const check of watchers) check();
  }

  const until: WebSocketClients["until"] = (fits, timeoutMs) =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (!fits()) return;
        clearTimeout(timer);
        watchers.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        watchers.delete(check);
        reject(new Error(`Not after ${timeoutMs} ms: ${fits.toString()}`));
      }, timeoutMs);
      watchers.add(check);
      check();
    });
  for (const client of members) connect(client);
  await until(() => opened === members.length, 30_000);
  return {
    members,
    faults,
    opened: () => opened,
    refused: () => refused,
    until,
    close: () => {
      over = true;
      for (const { ws } of members) ws?.terminate();
    },
  };
}
