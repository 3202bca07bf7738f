import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { operationFor, requestErrors } from "./x-operations.ts";
import { type OAuth1Credentials, signedBy, tokenServer } from "./x-simulator-oauth.ts";
import { problem, type XAnswer, type XPerson, xState } from "./x-simulator-state.ts";
import { APP_BEARER, STREAM, xStreams } from "./x-simulator-stream.ts";

/**
 * Fault of one request, or an answer in place of the action. `cut` performs the action and disconnects before
 * answering, `drop` disconnects before it; `garbage` answers with HTML.
 */
export type XFault = XAnswer | "cut" | "drop" | "garbage" | "stall";
export interface XExchange {
  readonly endpoint: string;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly user: string | undefined;
  readonly status: number;
  readonly answer: unknown;
}

export const BOB: XPerson = { id: "12", username: "bob", name: "Bob User" };
export const ALICE: XPerson = { id: "34", username: "alice", name: "Alice" };
const CAROL: XPerson = { id: "56", username: "carol", name: "Carol" };

/** Caller id of the app's own token. */
const APP = "app";

/** OAuth 1.0a credentials of a person; each person has different ones. */
export const oauth1Of = (id: string): OAuth1Credentials => ({
  apiKey: "app-key",
  apiSecret: "app-key-secret",
  accessToken: `${id}-access-token`,
  accessSecret: `access-secret-of-${id}`,
});

/**
 * Simulates X on loopback. Signatures and tokens are checked, rate windows are kept for each account and endpoint, and
 * requests that do not fit their operation get 400. `exchanges` lists the exchanges in order.
 */
export async function xSimulator({
  limits = {},
  people = [BOB, ALICE, CAROL],
}: {
  /** By endpoint, e.g. `POST /2/tweets`, or person and endpoint, `12 POST /2/tweets`; all else has 900 calls in 15 minutes. */
  readonly limits?: Readonly<Record<string, { readonly calls: number; readonly seconds: number }>>;
  readonly people?: readonly XPerson[];
} = {}) {
  const streams = xStreams((line) => {
    const endpoint = `GET ${STREAM}`;
    const query = new URLSearchParams();
    exchanges.push({ endpoint, method: "GET", path: STREAM, query, body: {}, user: APP, status: 200, answer: line });
  });
  const state = xState(people, (post) => streams.posted(post, people));
  const handlers = { ...state.deeds, ...streams.deeds };
  const oauth2 = tokenServer({ id: "client-1", secret: "client-secret-1" });
  const exchanges: XExchange[] = [];
  const faults: Array<{ readonly endpoint: string; readonly fault: XFault }> = [];
  const windows = new Map<string, { start: number; used: number }>();
  const nonces = new Set<string>();

  const server = createServer((request, response) => {
    void bodyOf(request).then((raw) => {
      const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
      const reply =
        url.pathname === "/2/oauth2/token"
          ? oauth2.answer(raw.toString("utf8"), request.headers.authorization)
          : url.pathname === "/oauth2/token"
            ? appToken(request.headers.authorization, raw.toString("utf8"))
            : answered(request, url, raw);
      if (reply === "stream") streams.open(response);
      else if (reply === "break") response.socket?.destroy();
      else if (reply === "garbage") response.writeHead(200, { "content-type": "text/html" }).end("<h1>It works</h1>");
      else if (reply !== "silence") write(response, reply);
    });
  });

  function answered(
    request: IncomingMessage,
    url: URL,
    raw: Buffer,
  ): XAnswer | "break" | "garbage" | "silence" | "stream" {
    const method = request.method ?? "GET";
    const found = operationFor(method, url.pathname);
    const endpoint = found ? `${method} ${found.fact.path}` : `${method} ${url.pathname}`;
    const body = parsed(request.headers["content-type"] ?? "", raw);
    const query = url.searchParams;
    const user = callerOf(request.headers.authorization ?? "", method, url);
    const recorded = (result: XAnswer): XAnswer => {
      const { status, body: answer } = result;
      exchanges.push({ endpoint, method, path: url.pathname, query, body, user, status, answer });
      return result;
    };
    if (!found) return recorded(problem(404, "about:blank", "No such endpoint"));
    if (user === undefined) return recorded(problem(401, "about:blank", "Unauthorized"));
    if ((user === APP) !== url.pathname.startsWith(STREAM)) {
      return recorded(problem(403, "unsupported-authentication", "This endpoint takes another kind of login."));
    }
    const { headers, over } = counted(user, endpoint);
    const at = faults.findIndex((entry) => entry.endpoint === endpoint);
    const fault = at < 0 ? undefined : faults.splice(at, 1)[0]?.fault;
    if (fault === "drop") return "break";
    if (fault === "stall") return "silence";
    if (typeof fault === "object") return { ...fault, headers: { ...headers, ...fault.headers } };
    if (over) return recorded({ ...problem(429, "about:blank", "Too Many Requests"), headers });
    const wrong = requestErrors(found.fact, query, body);
    const handler = handlers[endpoint];
    const planned =
      wrong.length > 0 || !handler
        ? problem(400, "invalid-request", wrong.join("; "))
        : handler({ endpoint, ids: found.ids, query, body, me: user });
    const result = recorded({ ...planned, headers });
    if (fault === "cut") return "break";
    if (fault === undefined && url.pathname === STREAM && result.status === 200) return "stream";
    return fault === "garbage" ? fault : result;
  }

  function callerOf(header: string, method: string, url: URL): string | undefined {
    if (header === `Bearer ${APP_BEARER}`) return APP;
    if (header.startsWith("Bearer ")) return oauth2.user(header.slice(7));
    return people.find(({ id }) => signedBy(oauth1Of(id), header, method, url, nonces))?.id;
  }

  /** Windows start at whole seconds, since X reports them in whole seconds. */
  function counted(user: string, endpoint: string) {
    const key = `${user} ${endpoint}`;
    const { calls, seconds } = limits[key] ?? limits[endpoint] ?? { calls: 900, seconds: 900 };
    const now = Math.floor(Date.now() / 1_000);
    const old = windows.get(key);
    const window = old && old.start + seconds > now ? old : { start: now, used: 0 };
    windows.set(key, window);
    const over = window.used >= calls;
    if (!over) window.used += 1;
    const headers = {
      "x-rate-limit-limit": String(calls),
      "x-rate-limit-remaining": String(calls - window.used),
      "x-rate-limit-reset": String(window.start + seconds),
    };
    return { over, headers };
  }

  /** Issues the app's own token for its API keys. */
  function appToken(header: string | undefined, body: string): XAnswer {
    const { apiKey, apiSecret } = oauth1Of("");
    const basic = `Basic ${Buffer.from(`${apiKey}:${apiSecret}`).toString("base64")}`;
    if (header !== basic || body !== "grant_type=client_credentials") {
      return { status: 403, body: { errors: [{ code: 99, message: "Unable to verify your credentials" }] } };
    }
    return { status: 200, body: { token_type: "bearer", access_token: APP_BEARER } };
  }

  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    ...state,
    origin: `http://127.0.0.1:${port}`,
    exchanges,
    oauth2,
    streams,
    /** The next request of that endpoint meets this. */
    fault: (endpoint: string, fault: XFault) => faults.push({ endpoint, fault }),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function parsed(type: string, raw: Buffer): Readonly<Record<string, unknown>> {
  if (raw.length === 0) return {};
  if (type.startsWith("application/json")) return JSON.parse(raw.toString("utf8")) as Record<string, unknown>;
  const boundary = /boundary=(.+)$/.exec(type)?.[1];
  if (boundary === undefined) return { "a body of another type": true };
  const parts: Record<string, unknown> = {};
  for (const part of raw.toString("latin1").split(`--${boundary}`).slice(1, -1)) {
    const split = part.indexOf("\r\n\r\n");
    const name = /name="([^"]+)"/.exec(part.slice(0, split))?.[1] ?? "";
    const content = part.slice(split + 4, -2);
    parts[name] = name === "media" ? Buffer.from(content, "latin1") : content;
  }
  return parts;
}

function write(response: ServerResponse, { status, body, headers = {} }: XAnswer): void {
  const type = status >= 400 ? "application/problem+json" : "application/json";
  response.writeHead(status, { "content-type": type, ...headers }).end(body === undefined ? "" : JSON.stringify(body));
}
