import { type ClientRequest, request as http, type IncomingMessage } from "node:http";
import { request as https } from "node:https";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { WebSocket } from "ws";

/** Address and identity of a visitor of the proxy. */
export interface ProxyTarget {
  readonly port: number;
  /** Certificate to trust; without a certificate plain HTTP is used. */
  readonly ca?: string;
  /** Sent as `Host`. */
  readonly host: string;
  readonly key: string;
}

export interface ProxyRequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The visitor's own address, any of 127.0.0.0/8. */
  readonly from?: string;
  /** Announces the length of the body and waits for the answer before sending the body. */
  readonly announced?: number;
}

export interface ProxyResponse {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

/**
 * Sends one request through the proxy, with the path as written. The key is sent unless `Authorization` is given (""
 * for none).
 */
export async function proxyRequest(
  edge: ProxyTarget,
  path: string,
  options: ProxyRequestOptions = {},
): Promise<ProxyResponse> {
  const [request, response] = await opened(edge, path, options);
  let text = "";
  for await (const part of response.setEncoding("utf8")) text += part;
  request.destroy();
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

/** Opens an event stream through the proxy. */
export async function openStream(edge: ProxyTarget, path: string, headers: Readonly<Record<string, string>> = {}) {
  const [request, response] = await opened(edge, path, {
    headers: { Accept: "text/event-stream", "Accept-Encoding": "gzip", ...headers },
  });
  const events: EventSourceMessage[] = [];
  const arrivals: number[] = [];
  let comments = 0;
  let over = false;
  let check = (): void => undefined;
  const parser = createParser({
    onEvent: (event) => {
      events.push(event);
      arrivals.push(performance.now());
    },
    onComment: () => {
      comments += 1;
    },
  });
  response.setEncoding("utf8").on("data", (text: string) => {
    parser.feed(text);
    check();
  });
  response.on("error", () => undefined);
  response.on("close", () => {
    over = true;
    check();
  });
  const until = (fits: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      check = () => {
        if (fits()) resolve();
        else if (over) reject(new Error(`The stream ended (${response.statusCode}) after ${JSON.stringify(events)}`));
      };
      check();
    });
  return {
    status: response.statusCode,
    headers: response.headers,
    events,
    /** Arrival time of each event, by `performance.now()`. */
    arrivals,
    comments: () => comments,
    until,
    /** Waits for the result of this rid. */
    result: (rid: string) => until(() => results(events).includes(rid)),
    results: () => results(events),
    close: () => request.destroy(),
  };
}

/** Lists the rids of received results, in order. */
function results(events: readonly EventSourceMessage[]): readonly string[] {
  return events
    .map(({ data }) => JSON.parse(data) as { type?: string; rid?: string })
    .flatMap(({ type, rid = "" }) => (type === "result" ? [rid] : []));
}

/** Opens a WebSocket through the proxy and records all frames. */
export async function openSocket(edge: ProxyTarget, path: string) {
  const ws = new WebSocket(`${edge.ca === undefined ? "ws" : "wss"}://127.0.0.1:${edge.port}${path}`, {
    headers: { Host: edge.host, Authorization: `Bearer ${edge.key}` },
    ...(edge.ca === undefined ? {} : { ca: edge.ca, checkServerIdentity: () => undefined }),
  });
  const received: { readonly type?: string; readonly rid?: string }[] = [];
  let check = (): void => undefined;
  ws.on("message", (data) => {
    received.push(JSON.parse(String(data)));
    check();
  });
  await new Promise<void>((resolve, reject) => {
    ws.once("open", resolve);
    ws.once("error", reject);
  });
  return {
    send: (activity: Record<string, unknown>) => ws.send(JSON.stringify(activity)),
    until: (type: string, rid: string) =>
      new Promise<void>((resolve) => {
        check = () => {
          if (received.some((event) => event.type === type && event.rid === rid)) resolve();
        };
        check();
      }),
    close: () => ws.terminate(),
  };
}

function opened(
  edge: ProxyTarget,
  path: string,
  options: ProxyRequestOptions,
): Promise<[ClientRequest, IncomingMessage]> {
  const { method = "GET", headers = {}, body, from, announced } = options;
  const all: Record<string, string> = { Host: edge.host, Authorization: `Bearer ${edge.key}`, ...headers };
  if (all.Authorization === "") delete all.Authorization;
  if (body !== undefined) all["Content-Type"] ??= "application/json";
  if (announced !== undefined) all["Content-Length"] = String(announced);
  const begin = edge.ca === undefined ? http : https;
  return new Promise((resolve, reject) => {
    const request = begin({
      host: "127.0.0.1",
      port: edge.port,
      path,
      method,
      headers: all,
      agent: false,
      ...(from === undefined ? {} : { localAddress: from }),
      ...(edge.ca === undefined ? {} : { ca: edge.ca, servername: "localhost" }),
    });
    let answered = false;
    request.on("response", (response) => {
      answered = true;
      resolve([request, response]);
    });
    request.on("error", (error) => {
      if (!answered) reject(error);
    });
    if (announced === undefined) request.end(body);
    else request.flushHeaders();
  });
}
