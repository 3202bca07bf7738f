import { createServer } from "node:http";
import { closeWhileLeaving } from "../../routes/http/connection-close.ts";
import { deferContinue } from "../../routes/http/expect-continue.ts";
import { fastPath } from "../../routes/http/fast-path.ts";
import { answerMalformedHttp } from "../../routes/http/malformed-http.ts";
import { describeProblemsAt } from "../../routes/http/problem-types.ts";
import { countRefusals } from "../../routes/http/refusal-metrics.ts";
import { identifyAnswers } from "../../routes/http/request-id.ts";
import { withPlainTarget } from "../../routes/http/request-target.ts";
import { type Handle, traceRequests } from "../../routes/http/trace-requests.ts";
import { healthRoutes } from "../../routes/operator/health.ts";
import { metricsRoutes } from "../../routes/operator/metrics.ts";
import { activityRoutes } from "../../routes/resources/activities.ts";
import { postActivities } from "../../routes/resources/post-activities.ts";
import { mountWebSocket } from "../../routes/streams/websocket.ts";
import type { AppRegistry } from "../apps/registry.ts";
import { publicBase } from "../config/public-base.ts";
import type { Config } from "../config/settings.ts";
import { readSurroundings } from "../config/surroundings.ts";
import { eventFormats } from "../event-formats/event-formats.ts";
import { schemeLookup } from "../platform/platform-registry.ts";
import { closeServer, listen, stopListening, waitForConnections } from "../process/listener.ts";
import type { SupervisedWorker } from "../process/supervisor.ts";
import { startAdmin } from "./admin.ts";
import { activityDeps, appOf } from "./api-routes.ts";
import { type ApiDeps, apiServices } from "./api-services.ts";
import { consoleRouters } from "./console.ts";
import { startSubmission } from "./submission.ts";

export interface RunningApi {
  /** Listening address, such as `http://127.0.0.1:8000`. */
  readonly address: string;
  readonly registry: AppRegistry;
  /** Port that takes mail of the site's own, if there is one. */
  readonly submissionPort: number | undefined;
  /** Reports at `/readyz` that new work should go elsewhere, and still accepts work. */
  readonly leave: () => void;
  /** Refuses new work and ends the streams with a hint to reconnect. */
  readonly drain: () => Promise<void>;
  /** Stops accepting connections, ends the streams, and waits up to `maxMs` for requests in progress. */
  readonly stop: (maxMs: number) => Promise<void>;
}

/** Starts the API role: accepts activities and streams events. */
export async function startApi(deps: ApiDeps): Promise<RunningApi> {
  const { config, log } = deps;
  const parts = apiServices(deps);
  const { drain, lanes, streams, tail, registry } = parts;
  const health = {
    draining: parts.leaving.on,
    redis: deps.store.watch,
    ...(deps.worker ? { worker: deps.worker.ready } : {}),
  };
  const counted = { metrics: deps.metrics, others: () => snapshots(deps.worker) };

  const activity = activityDeps(parts, config, log);
  const path = `${config.basePath}/activities`;
  const handle = tracedHandle(path, deps, (req, res) => postActivities(activity, req, res));
  const metrics = isLocalOnly(config) ? [metricsRoutes(counted)] : [];
  const web = consoleRouters(deps, parts, { ...counted, health });
  const app = appOf(deps, parts, {
    web,
    activities: activityRoutes(activity, handle),
    health: healthRoutes(health),
    metrics,
  });
  const server = createServer(
    TIMES,
    closeWhileLeaving(
      parts.closing.on,
      identifyAnswers(deps.version, withPlainTarget(fastPath({ path, handle, otherwise: app, log }))),
    ),
  );
  describeProblemsAt(server, `${publicBase(config)}/docs/errors/`);
  deferContinue(server);
  answerMalformedHttp(server);
  countRefusals(server, (code) => deps.metrics.refused.inc({ code }));
  mountWebSocket({ server, ...parts, formats: eventFormats(schemeLookup(parts.names.find)), config, log });
  await deps.beforeListening?.(registry);
  const address = await listen(server, config.host, config.port, readSurroundings().keptSocket);
  const submission = await startSubmission(config, parts, log);
  const admin = await startAdmin({ listenAt: config.adminListen, health, counted, log });

  return {
    address,
    registry,
    submissionPort: submission?.port,
    leave: parts.leaving.begin,
    drain: () => {
      parts.leaving.begin();
      drain.begin();
      return streams.drain();
    },
    async stop(maxMs) {
      const until = Date.now() + maxMs;
      parts.leaving.begin();
      await stopListening(server);
      parts.closing.begin();
      await Promise.all([parts.sweeper.stop(), streams.drain(maxMs), submission?.stop()]);
      // What proxies send on connections that they keep is taken to the last; each answer ends its connection.
      await waitForConnections(server, Math.min(PROXIES_MS, maxMs));
      drain.begin();
      streams.stop();
      await Promise.all([closeServer(server, Math.max(0, until - Date.now())), admin.close()]);
      await tail.close();
      await lanes.close();
    },
  };
}

/** Longer than the proxies' own keep-alive, so that no proxy meets a closing connection. */
const TIMES = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 75_000,
  maxHeaderSize: 16_384,
  // Checked by `withPlainTarget`, which answers with a problem.
  requireHostHeader: false,
} as const;

/** Time for a last request on connections that proxies keep open. Its response closes the connection. */
const PROXIES_MS = 2_000;

/** Adds spans where tracing is on. */
function tracedHandle(path: string, { tracing }: Pick<ApiDeps, "tracing">, handle: Handle): Handle {
  return tracing === undefined ? handle : traceRequests(handle, path, tracing);
}

async function snapshots(worker: SupervisedWorker | undefined) {
  const snapshot = await worker?.metrics();
  return snapshot === undefined ? [] : [snapshot];
}

/** Whether metrics may be on the public listener. A proxy that adds no header could not be told from this machine. */
function isLocalOnly({ adminListen, publicUrl, host }: Config): boolean {
  return adminListen === "" && publicUrl === "" && /^(127\.|localhost$|::1$)/.test(host);
}
