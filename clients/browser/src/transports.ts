import { DragomanError, type Requests } from "./request.ts";

/** An event, or a control event: `ready`, `position`, `gap`, `goodbye`. */
export interface Frame {
  readonly type: string;
  readonly cursor?: string;
  readonly [field: string]: unknown;
}

/** Listens until the stream ends, a poll up to `wait` seconds; rejects when it could not be opened or broke. */
export type Transport = (
  gateway: Requests,
  /** With the cursor and the filter, beginning with `?`. */
  query: string,
  take: (frame: Frame) => void,
  signal: AbortSignal | null,
  wait: number,
  /** Something came: the line is alive. */
  alive?: () => void,
) => Promise<void>;

/** By `fetch`, since an `EventSource` can neither send a token nor say why it was refused. */
export const sse: Transport = async ({ call }, query, take, signal, _wait, alive) => {
  const response = await call(`/events${query}`, "stream", { headers: { Accept: "text/event-stream" }, signal });
  const reader = (response.body as ReadableStream<BufferSource>).pipeThrough(new TextDecoderStream()).getReader();
  let retry: string | undefined;
  for (let rest = ""; ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    alive?.();
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop() as string;
    for (const block of blocks) {
      const field = (name: string) => block.match(`(?:^|\n)${name}: (.*)`)?.[1];
      const [type, data, cursor] = ["event", "data", "id"].map(field);
      retry = field("retry") ?? retry;
      if (data) take({ ...(type && { type, retry }), ...JSON.parse(data), cursor });
    }
  }
};

export const poll: Transport = async ({ call }, query, take, signal, wait) => {
  const headers = { Accept: "application/json" };
  const response = await call(`/events${query}&wait=${wait}`, "stream", { headers, signal });
  const { events, cursor, gap } = await response.json();
  take({ type: "ready" });
  if (gap) take({ type: "gap", ...gap, cursor: gap.latest });
  events.forEach(take);
  take({ type: "position", cursor });
};

export const socket: Transport = async ({ socketAddress }, query, take, signal) => {
  const ws = new WebSocket(await socketAddress(`/socket${query}`));
  (signal as AbortSignal).onabort = () => ws.close();
  await new Promise<void>((resolve, reject) => {
    ws.onmessage = ({ data }) => take(JSON.parse(data));
    ws.onclose = ({ code }) => ((signal as AbortSignal).aborted ? resolve() : reject(new DragomanError(code)));
  });
};
