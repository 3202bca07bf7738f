import type { IncomingMessage, Server } from "node:http";
import { Router } from "express";
import type { Config } from "../../src/config/settings.ts";
import type { Caller } from "../../src/model/caller.ts";
import type { Log } from "../../src/model/log.ts";
import type { SubmitActivity } from "../../src/operations/submit-activity.ts";
import type { Tail } from "../../src/streaming/subscriber.ts";
import type { Authenticate } from "../http/authenticate.ts";
import { EndedToken } from "../http/ended-token.ts";
import { BODY_MOST } from "../http/json-body.ts";
import type { Origins } from "../http/origin.ts";
import { Problem } from "../http/problem.ts";
import { type StreamQuery, streamQuery } from "./stream-query.ts";
import type { Seat, StreamSet } from "./stream-registry.ts";
import { echoSocket, isDirectLoopback } from "./websocket-echo.ts";
import { wsRouter } from "./websocket-router.ts";
import { socketSession } from "./websocket-session.ts";
import { submitText } from "./websocket-submit.ts";

export interface SocketDeps {
  readonly server: Server;
  readonly who: Authenticate;
  readonly origins: Pick<Origins, "allowedOrigin">;
  readonly submit: SubmitActivity;
  readonly tail: Tail;
  /** Shared with the event streams. */
  readonly streams: StreamSet;
  readonly config: Pick<Config, "basePath" | "streamAgeSeconds" | "heartbeatSeconds" | "socketEcho">;
  readonly canonical: (platform: string) => string;
  readonly log: Log;
}

/** What was decided before the upgrade. */
type Grant = { readonly echo: true } | { readonly caller: Caller; readonly query: StreamQuery; readonly seat: Seat };

/** Answers plain requests to the socket's path. */
export function socketRoutes(): Router {
  const router = Router({ caseSensitive: true });
  router.all(["/socket", "/socket/echo"], () => {
    throw new Problem("upgrade-required", "Open this path as a WebSocket.", { headers: { Upgrade: "websocket" } });
  });
  return router;
}

/** Takes `Upgrade` requests to `<base>/socket` on this server: activities in, confirms and events out. */
export function mountSocket(deps: SocketDeps): void {
  const { server, config, log } = deps;
  const submit = submitText(deps);
  const router = wsRouter<Grant>({
    server,
    maxPayload: BODY_MOST,
    log,
    admit: (req) => admit(deps, req),
    cookieOf: (grant) => ("caller" in grant ? grant.caller.setCookie : undefined),
  });
  router.on(`${config.basePath}/socket`, (ws, socket, grant) => {
    if ("caller" in grant) socketSession({ ...deps, ...grant, submit, ws, socket });
  });
  if (config.socketEcho) router.on(`${config.basePath}/socket/echo`, echoSocket);
}

async function admit(deps: SocketDeps, req: IncomingMessage): Promise<Grant> {
  const path = (req.url ?? "").split("?", 1)[0];
  if (path === `${deps.config.basePath}/socket/echo` && deps.config.socketEcho && isDirectLoopback(req)) {
    return { echo: true };
  }
  if (path !== `${deps.config.basePath}/socket`) throw new Problem("not-found", "No WebSocket lies at this path.");
  if (!deps.origins.allowedOrigin(req)) {
    throw new Problem("forbidden", "Pages of this origin may not use the gateway; ALLOWED_ORIGINS can let them.");
  }
  const caller = await callerOf(deps.who, req);
  const query = streamQuery(req, deps.canonical);
  const seat = deps.streams.enter(caller.app, "socket", req.socket);
  return { caller, query, seat };
}

/** A socket is for listening, sending or both; who may only send gets no events. */
async function callerOf(who: Authenticate, req: IncomingMessage): Promise<Caller> {
  try {
    return await who(req, "listen", "socket").catch((error: unknown) => {
      if (error instanceof Problem && error.code === "forbidden") return who(req, "send", "socket");
      throw error;
    });
  } catch (error) {
    throw error instanceof EndedToken ? new Problem("unauthenticated", error.message) : error;
  }
}
