import type { IncomingMessage, Server } from "node:http";
import { Router } from "express";
import type { Config } from "../../src/config/settings.ts";
import type { Caller } from "../../src/model/caller.ts";
import type { Log } from "../../src/model/log.ts";
import type { SubmitActivity } from "../../src/operations/submit-activity.ts";
import type { Tail } from "../../src/streaming/subscriber.ts";
import type { Authenticate } from "../http/authenticate.ts";
import { EndedToken } from "../http/ended-token.ts";
import { MAX_BODY_BYTES } from "../http/json-body.ts";
import type { Origins } from "../http/origin.ts";
import { Problem } from "../http/problem.ts";
import { type StreamNames, type StreamQuery, streamQuery } from "./stream-query.ts";
import type { StreamRegistry, StreamSlot } from "./stream-registry.ts";
import { echoSocket, isDirectLoopback } from "./websocket-echo.ts";
import { webSocketRouter } from "./websocket-router.ts";
import { openWebSocketSession } from "./websocket-session.ts";
import { submitFrame } from "./websocket-submit.ts";

export interface WebSocketDeps extends StreamNames {
  readonly server: Server;
  readonly authenticate: Authenticate;
  readonly origins: Pick<Origins, "allowedOrigin">;
  readonly submit: SubmitActivity;
  readonly tail: Tail;
  /** Shared with the event streams. */
  readonly streams: StreamRegistry;
  readonly config: Pick<Config, "basePath" | "streamAgeSeconds" | "heartbeatSeconds" | "socketEcho">;
  readonly log: Log;
}

/** Decision before the upgrade. */
type Grant =
  | { readonly echo: true }
  | { readonly caller: Caller; readonly query: StreamQuery; readonly slot: StreamSlot };

const ALLOWED = "GET, OPTIONS";

/** Answers plain requests to the socket's path. */
export function webSocketRoutes(): Router {
  const router = Router({ caseSensitive: true });
  router.all(["/socket", "/socket/echo"], ({ method }, res) => {
    if (method === "OPTIONS") {
      res.writeHead(204, { Allow: ALLOWED }).end();
      return;
    }
    if (method !== "GET" && method !== "HEAD") {
      throw new Problem("method-not-allowed", "Open a WebSocket with GET.", { headers: { Allow: ALLOWED } });
    }
    throw new Problem("upgrade-required", "Open this path as a WebSocket.", {
      headers: { Upgrade: "websocket", Connection: "Upgrade", Allow: ALLOWED },
    });
  });
  return router;
}

/** Takes `Upgrade` requests to `<base>/socket` on this server: activities in, confirms and events out. */
export function mountWebSocket(deps: WebSocketDeps): void {
  const { server, config, log } = deps;
  const submit = submitFrame(deps);
  const router = webSocketRouter<Grant>({
    server,
    maxPayload: MAX_BODY_BYTES,
    log,
    admit: (req) => admit(deps, req),
    cookieOf: (grant) => ("caller" in grant ? grant.caller.setCookie : undefined),
  });
  router.on(`${config.basePath}/socket`, (ws, socket, grant) => {
    if ("caller" in grant) openWebSocketSession({ ...deps, ...grant, submit, ws, socket });
  });
  if (config.socketEcho) router.on(`${config.basePath}/socket/echo`, echoSocket);
}

async function admit(deps: WebSocketDeps, req: IncomingMessage): Promise<Grant> {
  const path = (req.url ?? "").split("?", 1)[0];
  if (path === `${deps.config.basePath}/socket/echo` && deps.config.socketEcho && isDirectLoopback(req)) {
    return { echo: true };
  }
  if (path !== `${deps.config.basePath}/socket`) throw new Problem("not-found", "There is no WebSocket at this path.");
  if (!deps.origins.allowedOrigin(req)) {
    throw new Problem(
      "forbidden",
      "Pages of this origin may not use the gateway; the operator lists origins in ALLOWED_ORIGINS.",
    );
  }
  const caller = await callerOf(deps.authenticate, req);
  const query = streamQuery(req, deps);
  const slot = deps.streams.acquire(caller, "socket", req.socket);
  return { caller, query, slot };
}

/** A socket is for listening, sending or both; who may only send gets no events. */
async function callerOf(authenticate: Authenticate, req: IncomingMessage): Promise<Caller> {
  try {
    return await authenticate(req, "listen", "socket").catch((error: unknown) => {
      if (error instanceof Problem && error.code === "forbidden") return authenticate(req, "send", "socket");
      throw error;
    });
  } catch (error) {
    throw error instanceof EndedToken ? new Problem("unauthenticated", error.message) : error;
  }
}
