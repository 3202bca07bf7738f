import type { IncomingMessage, ServerResponse } from "node:http";
import { type Request, type Response, Router } from "express";
import type { Config } from "../../src/config/settings.ts";
import { EventLogUnavailable } from "../../src/event-log/event-log.ts";
import { selectorOf, selectsAll } from "../../src/event-log/filter.ts";
import type { Caller } from "../../src/model/caller.ts";
import type { Log } from "../../src/model/log.ts";
import type { Tail } from "../../src/streaming/subscriber.ts";
import type { Authenticate } from "../http/authenticate.ts";
import { EndedToken } from "../http/ended-token.ts";
import { PRIVATE_HEADERS } from "../http/private-answer.ts";
import { Problem, problemOf, sendProblem } from "../http/problem.ts";
import { answerPoll } from "./poll.ts";
import { type BatchFormat, pollPage, pollType } from "./poll-page.ts";
import { formatGoodbye, SSE_HEADERS } from "./sse-format.ts";
import { sseStream } from "./sse-stream.ts";
import { spreadOut } from "./stream-lifetime.ts";
import { type StreamNames, type StreamQuery, streamQuery } from "./stream-query.ts";
import type { EndReason, StreamRegistry } from "./stream-registry.ts";

export interface EventRoutesDeps extends StreamNames {
  readonly authenticate: Authenticate;
  readonly tail: Tail;
  /** Shared with the sockets. */
  readonly streams: StreamRegistry;
  readonly config: Pick<Config, "heartbeatSeconds" | "streamAgeSeconds">;
  readonly log: Log;
}

/** Form of the answer: a stream, a poll, or a page that a standard defines. */
type Form = "sse" | "json" | BatchFormat;
const FORMS: Readonly<Record<string, Form>> = {
  "text/event-stream": "sse",
  "application/json": "json",
  "application/cloudevents-batch+json": "cloudevents",
  "application/activity+json": "activitystreams",
};

/**
 * `GET /events`: the stream as text/event-stream (WHATWG HTML section 9.2), or a poll. A poll is JSON, CloudEvents or Activity
 * Streams. Takes no body, so it comes before anything that reads one.
 */
export function eventRoutes(deps: EventRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  router.all("/events", async (req, res) => {
    if (req.method === "OPTIONS") {
      res.writeHead(204, { Allow: "GET, HEAD, OPTIONS" }).end();
      return;
    }
    if (req.method !== "GET" && req.method !== "HEAD") {
      throw new Problem("method-not-allowed", "Use GET.", { headers: { Allow: "GET, HEAD, OPTIONS" } });
    }
    const form = formOf(req);
    try {
      await answer(deps, form, req, res);
    } catch (error) {
      if (form === "sse") refuseStream(deps.log, req, res, error);
      else throw asProblem(error);
    }
  });
  return router;
}

/** Parameter `charset` of a media type. JSON is always UTF-8 (RFC 8259 section 8.1). */
const CHARSET = /;[ \t]*charset="?utf-8"?(?=[ \t]*(?:[;,]|$))/gi;

function formOf(req: Request): Form {
  const { accept } = req.headers;
  // Negotiation takes a parameter for part of the type, and would find nothing.
  if (accept !== undefined) req.headers.accept = accept.replace(CHARSET, "");
  const type = req.accepts(Object.keys(FORMS));
  const form = type === false ? undefined : FORMS[type];
  if (form === undefined) throw new Problem("not-acceptable", `Accept ${Object.keys(FORMS).join(" or ")}.`);
  return form;
}

async function answer(deps: EventRoutesDeps, form: Form, req: Request, res: Response): Promise<void> {
  const { authenticate, streams, tail } = deps;
  const caller = await authenticate(req, "listen", "stream");
  const query = streamQuery(req, deps);
  if (caller.setCookie !== undefined) res.appendHeader("Set-Cookie", caller.setCookie);
  const page = form === "sse" ? undefined : pollPage(form, deps.formats, query, req.url);
  if (req.method === "HEAD") {
    res.writeHead(200, form === "sse" ? SSE_HEADERS : { "Content-Type": pollType(form) }).end();
    return;
  }
  if (req.socket.destroyed) return;
  const slot = streams.acquire(caller, page === undefined ? "sse" : "poll", req.socket);
  if (page === undefined) await openStream(deps, slot, caller, query, req, res);
  else await answerPoll(tail, slot, caller, query, page, res);
}

async function openStream(
  { streams, tail, config }: EventRoutesDeps,
  slot: ReturnType<StreamRegistry["acquire"]>,
  caller: Caller,
  query: StreamQuery,
  req: Request,
  res: Response,
): Promise<void> {
  const { filter, after, named, writer } = query;
  const stream = sseStream({
    socket: req.socket,
    slot,
    caller,
    config,
    chunked: req.httpVersionMajor > 1 || req.httpVersionMinor > 0,
    named,
    writer,
    filtered: !selectsAll(selectorOf(filter, caller.limits)),
    writeHead: () => {
      res.writeHead(200, SSE_HEADERS);
      res.flushHeaders();
      discardSocket(req, res);
    },
    sent: (frames) => streams.sent("sse", frames),
  });
  try {
    stream.subscribed(
      await tail.subscribe({ app: caller.app, after, filter, limits: caller.limits }, stream.callbacks),
    );
  } catch (error) {
    slot.release("unavailable");
    throw error;
  }
  slot.open(stream);
}

/** Node keeps request and response as long as the connection. An idle stream must not keep what hangs on them. */
function discardSocket(req: IncomingMessage, res: ServerResponse): void {
  req.rawHeaders.length = 0;
  req.headers = {};
  for (const name of ["app", "res", "next", "params", "baseUrl", "originalUrl", "_parsedUrl", "route"]) {
    Reflect.deleteProperty(req, name);
  }
  for (const name of ["app", "req", "locals"]) Reflect.deleteProperty(res, name);
}

/**
 * Anything but a 200 closes a browser's EventSource for good. So what passes by itself is a 200 that says when to come
 * back, an ended token is a 204, and only what the client must mend is an error.
 */
function refuseStream(log: Log, req: Request, res: Response, error: unknown): void {
  if (error instanceof EndedToken) {
    res.writeHead(204, PRIVATE_HEADERS).end();
    return;
  }
  const problem = asProblem(error);
  if (problem.status < 500 && problem.status !== 429) {
    sendProblem(res, problem);
    return;
  }
  if (problem.code === "internal-error") log.error({ err: error, url: req.path }, "stream could not be opened");
  const wait = problem.code === "rate-limited" ? 15_000 : 0;
  const text = formatGoodbye(reasonOf(problem), true, wait + spreadOut());
  res.writeHead(200, { ...SSE_HEADERS, "Content-Length": Buffer.byteLength(text) }).end(text);
}

function reasonOf(problem: Problem): EndReason {
  if (problem.code === "rate-limited") return "limit";
  return problem.code === "shutting-down" ? "drain" : "unavailable";
}

function asProblem(error: unknown): Problem {
  if (error instanceof EndedToken) return new Problem("unauthenticated", error.message);
  if (error instanceof EventLogUnavailable) {
    return new Problem("overloaded", "The event log cannot be read at the moment; try again.", { retryAfter: 2 });
  }
  return problemOf(error);
}
