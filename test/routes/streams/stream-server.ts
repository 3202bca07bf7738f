import { EventEmitter, once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createApp } from "../../../routes/http/app.ts";
import type { Authenticate } from "../../../routes/http/authenticate.ts";
import { EndedToken } from "../../../routes/http/ended-token.ts";
import { Problem } from "../../../routes/http/problem.ts";
import { eventRoutes } from "../../../routes/streams/events.ts";
import { streamRegistry } from "../../../routes/streams/stream-registry.ts";
import { mountWebSocket, webSocketRoutes } from "../../../routes/streams/websocket.ts";
import { eventFormats } from "../../../src/event-formats/event-formats.ts";
import type { EventLog } from "../../../src/event-log/event-log.ts";
import type { Caller } from "../../../src/model/caller.ts";
import { silentLog } from "../../../src/model/log.ts";
import type { SubmitResult } from "../../../src/operations/submit-activity.ts";
import { stream } from "../../src/streaming/tail-fixture.ts";
import type { TestRedis } from "../../support/redis.ts";

export interface StreamServerOptions {
  readonly config?: Partial<{
    heartbeatSeconds: number;
    streamAgeSeconds: number;
    streamsPerApp: number;
    drainSeconds: number;
    socketEcho: boolean;
  }>;
  /** Submit operation; receives the log, so that it can append results. */
  readonly submit?: (log: EventLog, caller: Caller, posted: unknown) => Promise<SubmitResult>;
}

/** Callers by token: `Bearer <app>` is an app's key; other tokens are registered here. */
export const callers = new Map<string, Partial<Caller>>();

/** Emits `left` when a request with `X-Leaves` was authenticated after its client had disconnected. */
export const departures = new EventEmitter();

const authenticate: Authenticate = async (req, scope) => {
  const token = (req.headers.authorization ?? "").replace(/^Bearer /, "");
  if (token === "") throw new Problem("unauthenticated", "Send a key.");
  if (token === "ended") throw new EndedToken("The token has ended.");
  if (token === "guessing") throw new Problem("rate-limited", "Too many guesses.", { retryAfter: 9 });
  if (token === "broken") throw new Error("Connection is closed.");
  const caller: Caller = {
    app: token,
    via: "key",
    keyId: "k1",
    scopes: new Set(["send", "listen"]),
    limits: {},
    cookie: false,
    ...callers.get(token),
  };
  if (req.headers["x-leaves"] !== undefined) {
    // No data is read from a socket before its upgrade, so its end is not detected; the test signals the end.
    await Promise.race([once(req.socket, "close"), once(departures, "gone")]);
    setImmediate(() => departures.emit("left"));
  }
  if (!caller.scopes.has(scope)) throw new Problem("forbidden", `Lacks the scope ${scope}.`);
  return caller;
};

/** Serves the streams' routes on a real server and a real Redis, with simulated authentication. */
export async function streamServer(redis: TestRedis, options: StreamServerOptions = {}) {
  const { control, log, tail } = stream(redis);
  const config = {
    basePath: "/gateway",
    heartbeatSeconds: 15,
    streamAgeSeconds: 1_800,
    streamsPerApp: 100,
    drainSeconds: 2,
    socketEcho: false,
    ...options.config,
  };
  const streams = streamRegistry({ config });
  const canonical = (name: string) => (name === "smtp" ? "email" : name);
  const formats = eventFormats((platform) => (platform === "email" ? "mailto" : undefined));
  const shared = { authenticate, tail, streams, config, canonicalId: canonical, formats, log: silentLog };
  const app = createApp({
    basePath: config.basePath,
    trustProxy: [],
    cors: (_req, _res, next) => next(),
    first: [eventRoutes(shared), webSocketRoutes()],
    ordinary: [],
    atRoot: [],
    log: silentLog,
  });
  const server: Server = createServer(app);
  mountWebSocket({
    ...shared,
    server,
    origins: { allowedOrigin: ({ headers }) => headers.origin !== "https://evil.example" },
    submit: async (caller, posted) => {
      if (options.submit) return options.submit(log, caller, posted);
      throw new Error("not expected");
    },
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    control,
    log,
    tail,
    streams,
    server,
    port,
    url: `http://127.0.0.1:${port}/gateway/events`,
    ws: `ws://127.0.0.1:${port}/gateway/socket`,
    stop: async () => {
      streams.stop();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await tail.close();
    },
  };
}
