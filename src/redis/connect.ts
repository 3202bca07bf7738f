import { Cluster, Redis } from "ioredis";
import type { Log } from "../model/log.ts";
import { type RedisEndpoint, type RedisNode, readRedisUrl } from "./redis-url.ts";
import { FailoverConnector } from "./sentinel-connector.ts";

/** A connection to one server (also by way of sentinels) or to a cluster. Both take the same commands. */
export type RedisClient = Redis | Cluster;

/** Connections by purpose. Each call of `blocking` and `barrier` opens a new connection, the others are shared. */
export interface RedisConnections {
  readonly endpoint: RedisEndpoint;
  /** For work behind HTTP. A command fails within 2 s, at once when Redis is away; the caller answers 503. */
  readonly producer: () => RedisClient;
  /** For BullMQ workers and other callers that may wait: commands wait until Redis is back. */
  readonly worker: () => RedisClient;
  /** For a blocking read; waits like `worker`. */
  readonly blocking: () => RedisClient;
  /** For a durability barrier (`WAIT` blocks the connection); fails fast, after `timeoutMs`. */
  readonly barrier: (timeoutMs: number) => RedisClient;
  /** Resolves once every connection opened so far was ready; rejects after `timeoutMs`. */
  readonly ready: (timeoutMs: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

const COMMAND_TIMEOUT_MS = 2_000;
const reconnectDelayMs = (times: number): number => Math.min(50 * 2 ** Math.min(times, 5), 1_000) + Math.random() * 50;
const isReadOnly = (error: Error): boolean => error.message.startsWith("READONLY");

/** Behaviour of a connection while Redis does not answer. */
interface ClientSettings {
  readonly connectionName: string;
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue: boolean;
  readonly autoResendUnfulfilledCommands: boolean;
  readonly commandTimeout?: number;
  readonly connectTimeout: number;
  readonly reconnectOnError: (error: Error) => false | 1 | 2;
}
const patientSettings = (purpose: string): ClientSettings => ({
  connectionName: `dragoman-${purpose}`,
  maxRetriesPerRequest: null,
  enableOfflineQueue: true,
  autoResendUnfulfilledCommands: true,
  connectTimeout: 5_000,
  reconnectOnError: (error) => (isReadOnly(error) ? 2 : false),
});
const failFastSettings = (purpose: string, timeoutMs: number): ClientSettings => ({
  connectionName: `dragoman-${purpose}`,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  commandTimeout: timeoutMs,
  connectTimeout: COMMAND_TIMEOUT_MS,
  reconnectOnError: (error) => (isReadOnly(error) ? 1 : false),
});

/** Opens connections to where `url` points; throws `ConfigError` for a url that can't be read. */
export function redisConnections(url: string, deps: { readonly log: Log }): RedisConnections {
  const endpoint = readRedisUrl(url);
  const reportError = errorReporter(deps.log);
  const open: RedisClient[] = [];
  const add = (settings: ClientSettings): RedisClient => {
    const client = connect(endpoint, settings);
    client.on("error", reportError);
    open.push(client);
    return client;
  };
  let producer: RedisClient | undefined;
  let worker: RedisClient | undefined;
  return {
    endpoint,
    producer: () => {
      producer ??= add(failFastSettings("producer", COMMAND_TIMEOUT_MS));
      return producer;
    },
    worker: () => {
      worker ??= add(patientSettings("worker"));
      return worker;
    },
    blocking: () => add(patientSettings("blocking")),
    barrier: (timeoutMs) => add(failFastSettings("barrier", timeoutMs)),
    ready: async (timeoutMs) => {
      await Promise.all(open.map((client) => readyOnce(client, timeoutMs)));
    },
    close: async () => {
      await Promise.all(open.splice(0).map(closeClient));
    },
  };
}

function connect(endpoint: RedisEndpoint, settings: ClientSettings): RedisClient {
  const login = {
    ...(endpoint.username === undefined ? {} : { username: endpoint.username }),
    ...(endpoint.password === undefined ? {} : { password: endpoint.password }),
    ...(endpoint.tls ? { tls: {} } : {}),
  };
  if (endpoint.kind === "cluster") return connectCluster(endpoint, settings, login);
  const all = { ...settings, ...login, retryStrategy: reconnectDelayMs, db: endpoint.db };
  if (endpoint.kind === "sentinel") {
    return new Redis({
      ...all,
      sentinels: [...endpoint.nodes],
      name: endpoint.master as string,
      sentinelRetryStrategy: reconnectDelayMs,
      failoverDetector: true,
      Connector: FailoverConnector,
      enableTLSForSentinelMode: endpoint.tls,
    });
  }
  if (endpoint.path !== undefined) return new Redis({ ...all, path: endpoint.path });
  const node = endpoint.nodes[0] as RedisNode;
  return new Redis({ ...all, host: node.host, port: node.port });
}

/** Connects to a cluster. The nodes' own queues must stay on; failing fast is the cluster client's part. */
function connectCluster(endpoint: RedisEndpoint, settings: ClientSettings, login: object): Cluster {
  const { enableOfflineQueue, ...redisOptions } = settings;
  return new Cluster([...endpoint.nodes], {
    redisOptions: { ...redisOptions, ...login },
    enableOfflineQueue,
    clusterRetryStrategy: reconnectDelayMs,
    ...(enableOfflineQueue ? {} : { retryDelayOnFailover: 50, retryDelayOnClusterDown: 50, maxRedirections: 4 }),
  });
}

/** Makes a listener that logs connection errors at most once a second. ioredis reports every failed attempt. */
function errorReporter(log: Log): (error: Error) => void {
  let last = 0;
  let suppressed = 0;
  return (error) => {
    const now = Date.now();
    if (now - last < 1_000) {
      suppressed += 1;
      return;
    }
    log.warn({ err: error, suppressed }, "redis connection failed; retrying");
    last = now;
    suppressed = 0;
  };
}

function readyOnce(client: RedisClient, timeoutMs: number): Promise<void> {
  if (client.status === "ready") return Promise.resolve();
  return new Promise((done, fail) => {
    const late = setTimeout(() => {
      client.off("ready", onReady);
      fail(new Error(`Redis was not ready within ${timeoutMs} ms`));
    }, timeoutMs);
    const onReady = (): void => {
      clearTimeout(late);
      done();
    };
    client.once("ready", onReady);
  });
}

async function closeClient(client: RedisClient): Promise<void> {
  const over = (): boolean => (client.status as string) === "end";
  if (over()) return;
  const ended = new Promise<void>((done) => client.once("end", () => done()));
  client.disconnect();
  // A connection that waits for its next attempt ends without an event.
  if (!over()) await Promise.race([ended, new Promise((done) => setTimeout(done, 500).unref())]);
}
