import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import express from "express";
import expressWs from "express-ws";
import type { WebSocket } from "ws";
import type { Log } from "../../src/model/log.ts";
import { Problem, problemOf } from "../http/problem.ts";
import { problemTypesOf } from "../http/problem-types.ts";
import { problemHeaders, rawProblem } from "../http/raw-problem.ts";
import { sortUpgrades } from "../http/upgrades.ts";

/** Handler of an accepted socket. Gets the socket, the raw one below it, and what `admit` answered. */
export type SocketHandler<Grant> = (ws: WebSocket, socket: Duplex, grant: Grant) => void;

export interface WebSocketRouterDeps<Grant> {
  readonly server: Server;
  readonly maxPayload: number;
  /** Decides before the upgrade, so that a refused client sees an HTTP status; throws `Problem`. */
  readonly admit: (req: IncomingMessage) => Promise<Grant>;
  /** `Set-Cookie` for the answer to the handshake. */
  readonly cookieOf: (grant: Grant) => string | undefined;
  readonly log: Log;
}

/**
 * express-ws with its traps closed. An app of its own (no middleware between handshake and handler, where messages would
 * be lost), admission before the upgrade, errors of the raw socket caught first, and handlers that can't take the process down.
 */
export function webSocketRouter<Grant extends object>(deps: WebSocketRouterDeps<Grant>) {
  const { server, maxPayload, admit, cookieOf, log } = deps;
  const grants = new WeakMap<IncomingMessage, Grant>();
  /** The server emits `problem` with the code of each refusal. */
  const reported = (problem: Problem): Problem => {
    server.emit("problem", problem.code);
    return problem;
  };
  const wsOptions: WsOptions = {
    maxPayload,
    perMessageDeflate: false,
    clientTracking: false,
    verifyClient: ({ req }: { req: IncomingMessage }, done: Verdict) => {
      admit(req).then(
        (grant) => {
          grants.set(req, grant);
          done(true);
        },
        (error: unknown) => refuse(done, reported(problemOf(error)), req.socket),
      );
    },
  };
  const app = express();
  app.set("case sensitive routing", true);
  const { app: routes, getWss } = expressWs(app, server, { leaveRouterUntouched: true, wsOptions });
  sortUpgrades(server);
  // Before anything else: a peer that resets during the handshake must not end the process.
  server.prependListener("upgrade", (_req, socket) => {
    socket.on("error", (error) => log.debug({ err: error }, "a connection broke at the handshake"));
  });
  const wss = getWss();
  wss.on("error", (error) => log.debug({ err: error }, "the listening server reported an error"));
  wss.on("headers", (headers, req) => {
    const grant = grants.get(req);
    const cookie = grant && cookieOf(grant);
    if (cookie !== undefined) headers.push(`Set-Cookie: ${cookie}`);
  });
  wss.on("wsClientError", (error, socket) => socket.end(rawProblem(reported(badHandshake(error)), socket)));

  return {
    /** Attaches a handler synchronously, so that no message can come before it. */
    on: (path: string, handler: SocketHandler<Grant>): void => {
      routes.ws(path, (ws, req) => {
        ws.on("error", (error) => log.debug({ err: error }, "a socket broke"));
        const grant = grants.get(req);
        try {
          if (!grant) throw new Error("websocket request bypassed admission");
          handler(ws, req.socket, grant);
        } catch (error) {
          log.error({ err: error }, "websocket could not be opened");
          ws.close(4500, "error");
        }
      });
    },
  };
}

type WsOptions = NonNullable<NonNullable<Parameters<typeof expressWs>[2]>["wsOptions"]>;
type Verdict = (ok: boolean, status?: number, body?: string, headers?: Record<string, string>) => void;

function refuse(done: Verdict, problem: Problem, socket: Duplex): void {
  done(false, problem.status, JSON.stringify(problem.document(problemTypesOf(socket))), problemHeaders(problem));
}

function badHandshake(error: Error): Problem {
  return error.message.includes("method")
    ? new Problem("method-not-allowed", "Open a WebSocket with GET.", { headers: { Allow: "GET" } })
    : new Problem("bad-parameter", "The WebSocket handshake is not valid (RFC 6455 section 4.2.1).");
}
