import { createConnection, type Socket } from "node:net";
import { createParser, type EventSourceMessage } from "eventsource-parser";

/** Client on a bare socket, which records every byte: head, chunks, comments, and the end. */
export async function rawStream(
  port: number,
  options: {
    readonly app?: string;
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly version?: "1.0" | "1.1";
    readonly method?: string;
  } = {},
) {
  const { app = "app", path = "", version = "1.1", method = "GET" } = options;
  const headers: Record<string, string> = {
    Host: "localhost",
    Accept: "text/event-stream",
    ...(app === "" ? {} : { Authorization: `Bearer ${app}` }),
    ...options.headers,
  };
  const socket: Socket = createConnection(port, "127.0.0.1");
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${method} /gateway/events${path} HTTP/${version}\r\n${lines.join("")}\r\n`);
  let bytes = Buffer.alloc(0);
  let head = "";
  let done = false;
  let text = "";
  const events: EventSourceMessage[] = [];
  const comments: string[] = [];
  const retries: number[] = [];
  let check = () => {};
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onComment: (comment) => comments.push(comment),
    onRetry: (retry) => retries.push(retry),
  });
  let complete = false;
  function feed(part: string) {
    text += part;
    parser.feed(part);
  }
  function eat() {
    if (head === "") {
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) return;
      head = bytes.subarray(0, end).toString();
      bytes = bytes.subarray(end + 4);
    }
    if (!/transfer-encoding: chunked/i.test(head)) {
      feed(bytes.toString());
      bytes = Buffer.alloc(0);
      return;
    }
    for (;;) {
      const line = bytes.indexOf("\r\n");
      if (line < 0) return;
      const size = Number.parseInt(bytes.subarray(0, line).toString(), 16);
      if (bytes.length < line + 4 + size) return;
      if (size === 0) complete = true;
      feed(bytes.subarray(line + 2, line + 2 + size).toString());
      bytes = bytes.subarray(line + 4 + size);
    }
  }
  socket.on("data", (data) => {
    bytes = Buffer.concat([bytes, data]);
    eat();
    check();
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    done = true;
    check();
  });
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      check = () => {
        if (condition()) resolve();
        else if (done) reject(new Error(`the stream ended: ${head}\n${text}`));
      };
      check();
    });
  return {
    socket,
    events,
    comments,
    retries,
    head: () => head,
    status: () => Number(head.split(" ")[1]),
    text: () => text,
    /** Whether the chunked body was terminated properly. */
    complete: () => complete,
    until,
    event: (name: string) => until(() => events.some((event) => event.event === name)),
    named: (name: string) => events.filter((event) => event.event === name),
    /** Events of the log, parsed, with their ids. */
    log: () =>
      events
        .filter((event) => !["ready", "gap", "goodbye", "position"].includes(event.event ?? ""))
        .map((event) => ({ ...JSON.parse(event.data), cursor: event.id })),
    count: (n: number) =>
      until(() => events.filter((e) => !["ready", "gap", "goodbye", "position"].includes(e.event ?? "")).length >= n),
    ended: () =>
      new Promise<void>((resolve) => {
        check = () => done && resolve();
        check();
      }),
    close: () => socket.destroy(),
  };
}
