import { createHash } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** Received request. */
export interface FeedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly status: number;
}

/** Answer of a path; every field may change between two requests. */
export interface ServedFeed {
  entries: string[];
  /** Further elements of the channel, and headers. */
  head?: string;
  headers?: Record<string, string>;
  /** Kind of the ETag header; `none` disables conditional requests. */
  etag?: "strong" | "weak" | "none";
  modified?: string;
  status?: number;
  location?: string;
  /** Instead of a feed. */
  body?: string;
  type?: string;
}

/** An entry of a feed on the site. */
export function feedItem(id: string, description = "said", more = ""): string {
  return `<item><guid isPermaLink="false">${id}</guid><title>${id}</title><description>${description}</description>${more}</item>`;
}

/**
 * Starts a web server on loopback that serves feeds with conditional requests. `requests` lists the received requests.
 */
export async function feedServer(feeds: Record<string, ServedFeed>) {
  const requests: FeedRequest[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const feed = feeds[path];
    const answer = feed ? answerOf(feed, request.headers) : { status: 404, headers: {}, body: "" };
    response.writeHead(answer.status, answer.headers).end(answer.body);
    requests.push({ path, headers: request.headers, status: answer.status });
    for (const check of [...waiting]) check();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    of: (path: string) => requests.filter((request) => request.path === path),
    /** Resolves when a path was asked so often in all. */
    times: (path: string, count: number) =>
      new Promise<void>((done) => {
        const check = () => {
          if (requests.filter((request) => request.path === path).length < count) return;
          waiting.delete(check);
          done();
        };
        waiting.add(check);
        check();
      }),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

function answerOf(feed: ServedFeed, headers: IncomingHttpHeaders) {
  const body =
    feed.body ??
    `<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Site</title>${feed.head ?? ""}${feed.entries.join("")}</channel></rss>`;
  const tag = `"${createHash("sha256").update(body).digest("hex").slice(0, 12)}"`;
  const etag = feed.etag === "weak" ? `W/${tag}` : tag;
  const marks = {
    ...(feed.etag === "none" ? {} : { ETag: etag }),
    ...(feed.modified === undefined ? {} : { "Last-Modified": feed.modified }),
  };
  const own = { ...marks, ...feed.headers, "Content-Type": feed.type ?? "application/rss+xml" };
  if (feed.location !== undefined)
    return { status: feed.status ?? 301, headers: { Location: feed.location }, body: "" };
  if (feed.status !== undefined) return { status: feed.status, headers: { ...feed.headers }, body: "" };
  const same =
    feed.etag === "none"
      ? feed.modified !== undefined && headers["if-modified-since"] === feed.modified
      : headers["if-none-match"] === etag;
  return same ? { status: 304, headers: own, body: "" } : { status: 200, headers: own, body };
}
