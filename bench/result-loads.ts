import { connect, type Socket } from "node:net";
import WebSocket from "ws";
import type { BenchGateway } from "./gateway.ts";
import { type Line, line, post } from "./load.ts";

/** A way to send activities and to hear of their results. */
export interface ResultLoad {
  /** Sends an activity; resolves with its result, not with the acknowledgement. */
  readonly carryOut: (rid: string, lane: number) => Promise<void>;
  readonly close: () => void;
}

export const echo = (rid: string, lane: number) => ({
  rid,
  platform: "dummy",
  verb: "echo",
  actor: { address: "bob@example.com" },
  target: { address: `t${lane}@example.com` },
  object: { body: "Hello World! ".repeat(12) },
});

/** Resolves waiting activities by the rids of results in a text of events. */
function resultBook() {
  const waiting = new Map<string, () => void>();
  return {
    expect: (rid: string) => new Promise<void>((resolve) => waiting.set(rid, resolve)),
    read: (event: string) => {
      const rid = /"rid":"([^"]+)"/.exec(event)?.[1] ?? "";
      waiting.get(rid)?.();
      waiting.delete(rid);
    },
  };
}

/** Posts by REST over `lines` connections and hears of results on one event stream. */
export async function restLoad({ port, key }: BenchGateway, lines: number): Promise<ResultLoad> {
  const book = resultBook();
  const stream = await openStream(port, key, book.read);
  const idle: Line[] = await Promise.all(Array.from({ length: lines }, () => line(port)));
  const all = [...idle];
  return {
    async carryOut(rid, lane) {
      const listener = idle.pop();
      if (listener === undefined) throw new Error("more activities at once than connections");
      const result = book.expect(rid);
      const answer = await listener.ask(post("/gateway/activities", key, echo(rid, lane)));
      idle.push(listener);
      if (answer.status !== 202) throw new Error(`a POST was answered ${answer.status}: ${answer.body}`);
      await result;
    },
    close: () => {
      stream.destroy();
      for (const listener of all) listener.close();
    },
  };
}

/** Sends and hears on one WebSocket. */
export async function socketLoad({ port, key }: BenchGateway): Promise<ResultLoad> {
  const book = resultBook();
  const ws = new WebSocket(`ws://127.0.0.1:${port}/gateway/socket`, { headers: { Authorization: `Bearer ${key}` } });
  await new Promise<void>((resolve, reject) => ws.once("open", resolve).once("error", reject));
  ws.on("message", (data) => {
    const text = String(data);
    if (text.includes('"type":"result"')) book.read(text);
  });
  return {
    async carryOut(rid, lane) {
      const result = book.expect(rid);
      ws.send(JSON.stringify(echo(rid, lane)));
      await result;
    },
    close: () => ws.terminate(),
  };
}

async function openStream(port: number, key: string, onEvent: (event: string) => void): Promise<Socket> {
  const stream = connect({ port, host: "127.0.0.1", noDelay: true });
  stream.setEncoding("latin1");
  const head = ["GET /gateway/events?type=result HTTP/1.1", "Host: 127.0.0.1", "Accept: text/event-stream"];
  stream.write(`${[...head, `Authorization: Bearer ${key}`].join("\r\n")}\r\n\r\n`);
  let rest = "";
  await new Promise<void>((resolve) => {
    stream.on("data", (chunk: string) => {
      const frames = `${rest}${chunk}`.split("\n\n");
      rest = frames.pop() ?? "";
      for (const frame of frames) {
        if (frame.includes("event: ready")) resolve();
        if (frame.includes('"type":"result"')) onEvent(frame);
      }
    });
  });
  return stream;
}
