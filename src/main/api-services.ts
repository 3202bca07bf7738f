import { consoleCallers } from "../../routes/console/console-callers.ts";
import { authRateLimit } from "../../routes/http/auth-rate-limit.ts";
import { type AuthenticateDeps, authenticator } from "../../routes/http/authenticate.ts";
import { origins } from "../../routes/http/origin.ts";
import { proxyTrust } from "../../routes/http/proxy-trust.ts";
import { streamRegistry } from "../../routes/streams/stream-registry.ts";
import { type Sweep, sweep } from "../../workers/sweep.ts";
import { keyCache } from "../apps/key-cache.ts";
import { appRegistry } from "../apps/redis-registry.ts";
import type { AppRegistry } from "../apps/registry.ts";
import { redisRevocations } from "../apps/revocations.ts";
import { redisTickets } from "../apps/tickets.ts";
import type { Config } from "../config/settings.ts";
import { addressCheck } from "../egress/address-rules.ts";
import type { Log } from "../model/log.ts";
import { admission } from "../operations/admission.ts";
import { submitActivity } from "../operations/submit-activity.ts";
import { platformRegistry } from "../platform/platform-registry.ts";
import type { Metrics } from "../process/metrics.ts";
import type { SupervisedWorker } from "../process/supervisor.ts";
import { isSandboxEnabled } from "../sandbox/sandbox-enabled.ts";
import { eventTail } from "../streaming/tail.ts";
import type { Tracing } from "../tracing/tracing.ts";
import { inboundRouter } from "./inbound.ts";
import { type ChoosePlatforms, SANDBOX_ELSEWHERE } from "./platforms.ts";
import { openPorts, type Store } from "./storage.ts";

export interface ApiDeps {
  readonly config: Config;
  /** Of the product, for the OpenAPI document. */
  readonly version: string;
  readonly choose: ChoosePlatforms;
  readonly store: Store;
  readonly metrics: Metrics;
  /** The worker process beside this API, if there is one. */
  readonly worker: SupervisedWorker | undefined;
  readonly log: Log;
  /** Undefined where tracing is off. */
  readonly tracing?: Tracing | undefined;
  /** Runs before the API listens: what it stores is there when readiness is first reported. */
  readonly beforeListening?: (registry: AppRegistry) => Promise<void>;
}

/** Creates the services behind the routes. */
export function apiServices({ config, choose, store, metrics, log, tracing }: ApiDeps) {
  const ports = openPorts(config, store, "producer", log, tracing);
  const { redis, eventLog, outbox, lanes } = ports;
  const drain = switchOnce();
  const enabled = choose(config, isSandboxEnabled(config) ? SANDBOX_ELSEWHERE : undefined);
  const platforms = platformRegistry(enabled);
  const registry = appRegistry({ redis, keyring: store.ring, appendControl: eventLog.appendControl });
  const keys = keyCache({ find: registry.find, keyring: store.ring });
  const revocations = redisRevocations({ redis, appendControl: eventLog.appendControl });
  const tickets = redisTickets({ redis, bytes: ports.bytes });
  const proxy = proxyTrust(config.trustProxy, config.clientAddressHeader);
  const pages = origins({ allowedOrigins: config.allowedOrigins, publicUrl: config.publicUrl, proxyTrust: proxy });
  const countGuess = authRateLimit(proxy.clientIp);
  const signIn = authentication({
    keys,
    revocations,
    tickets,
    origins: pages,
    countFailedAuth: countGuess,
    proxyTrust: proxy,
    basePath: config.basePath,
    canonicalId: platforms.canonicalId,
  });
  const tail = followLogs({ config, store, log }, ports);
  const sweeper = sweep({ outbox, lanes, log, onOutstanding: (count) => metrics.outstanding.set(count) });
  const rates = admission({ rate: config.rate, redis: store.watch.pressure, draining: drain.on });
  const submit = submitActivity({
    outbox,
    lanes,
    find: platforms.find,
    basePath: config.basePath,
    log,
    mayReach: addressCheck(config.allowPrivate),
    admit: rates.admit,
    onAccepted: noteAccepted(metrics, sweeper),
  });
  const streams = streamRegistry({ config, metrics });
  return {
    ...ports,
    ring: store.ring,
    inbound: inboundRouter({ config, store, redis, endpoints: ports.endpoints, names: platforms, admit: rates.admit }),
    sweeper,
    leaving: switchOnce(),
    closing: switchOnce(),
    drain,
    enabled,
    names: platforms,
    canonicalId: platforms.canonicalId,
    registry,
    keys,
    revocations,
    tickets,
    origins: pages,
    proxyTrust: proxy,
    countGuess,
    ...rates,
    ...signIn,
    tail,
    submit,
    streams,
  };
}

/** Makes the reader that follows the apps' event logs for streams. */
function followLogs(
  { config, store, log }: Pick<ApiDeps, "config" | "store" | "log">,
  { redis, eventLog }: ReturnType<typeof openPorts>,
) {
  const connect = store.connections.blocking;
  return eventTail({ connect, control: redis, log: eventLog, logger: log, kept: config.eventsKept });
}

/** Makes the authentication of apps' requests. The console's requests for an app are authenticated by their session. */
function authentication(deps: AuthenticateDeps) {
  const callers = consoleCallers();
  return { callers, authenticate: callers.authenticate(authenticator(deps)) };
}

/** Counts accepted activities and the time of accepting them. An activity may be due before a pausing sweep comes. */
function noteAccepted({ accepted, acceptSeconds }: Metrics, sweeper: Pick<Sweep, "hurry">) {
  return (platform: string, seconds: number): void => {
    accepted.inc({ platform });
    acceptSeconds.observe(seconds);
    sweeper.hurry();
  };
}

/** Services behind the routes. */
export type ApiServices = ReturnType<typeof apiServices>;

function switchOnce(): { readonly on: () => boolean; readonly begin: () => void } {
  let state = false;
  return {
    on: () => state,
    begin: () => {
      state = true;
    },
  };
}
