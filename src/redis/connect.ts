import { Cluster, Redis } from "ioredis";
import type { Log } from "../model/log.ts";
import { type RedisNode, type RedisPlace, readRedisUrl } from "./redis-url.ts";

/** A connection to one server (also by way of sentinels) or to a cluster; both take the same commands. */
export type RedisClient = Redis | Cluster;

/** Connections by purpose; each call of `blocking` and `barrier` opens a new one, the others are shared. */
export interface RedisConnections {
  readonly place: RedisPlace;
  /** For work behind HTTP: a command fails within 2 s, at once when Redis is away; the caller answers 503. */
  readonly producer: () => RedisClient;
  /** For BullMQ workers and everything that may wait: commands wait until Redis is back. */
  readonly worker: () => RedisClient;
  /** For one blocking read; waits like `worker`. */
  readonly blocking: () => RedisClient;
  /** For one durability barrier (`WAIT` blocks its connection); fails fast, after `timeoutMs`. */
  readonly barrier: (timeoutMs: number) => RedisClient;
  /** Resolves once every connection opened so far was ready once; rejects after `timeoutMs`. */
  readonly ready: (timeoutMs: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

const COMMAND_MS = 2_000;
const again = (times: number): number => Math.min(50 * 2 ** Math.min(times, 5), 1_000) + Math.random() * 50;
const readOnly = (error: Error): boolean => error.message.startsWith("READONLY");

/** How a connection behaves when Redis does not answer. */
interface Manner {
  readonly connectionName: string;
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue: boolean;
  readonly autoResendUnfulfilledCommands: boolean;
  readonly commandTimeout?: number;
  readonly connectTimeout: number;
  readonly reconnectOnError: (error: Error) => false | 1 | 2;
}
const patient = (purpose: string): Manner => ({
  connectionName: `dragoman-${purpose}`,
  maxRetriesPerRequest: null,
  enableOfflineQueue: true,
  autoResendUnfulfilledCommands: true,
  connectTimeout: 5_000,
  reconnectOnError: (error) => (readOnly(error) ? 2 : false),
});
const hasty = (purpose: string, timeoutMs: number): Manner => ({
  connectionName: `dragoman-${purpose}`,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  commandTimeout: timeoutMs,
  connectTimeout: COMMAND_MS,
  reconnectOnError: (error) => (readOnly(error) ? 1 : false),
});

/** Opens connections to where `url` points; throws `ConfigError` for a url that can't be read. */
export function redisConnections(url: string, deps: { readonly log: Log }): RedisConnections {
  const place = readRedisUrl(url);
  const complain = complaints(deps.log);
  const open: RedisClient[] = [];
  const add = (manner: Manner): RedisClient => {
    const client = connect(place, manner);
    client.on("error", complain);
    open.push(client);
    return client;
  };
  let producer: RedisClient | undefined;
  let worker: RedisClient | undefined;
  return {
    place,
    producer: () => {
      producer ??= add(hasty("producer", COMMAND_MS));
      return producer;
    },
    worker: () => {
      worker ??= add(patient("worker"));
      return worker;
    },
    blocking: () => add(patient("blocking")),
    barrier: (timeoutMs) => add(hasty("barrier", timeoutMs)),
    ready: async (timeoutMs) => {
      await Promise.all(open.map((client) => readyOnce(client, timeoutMs)));
    },
    close: async () => {
      await Promise.all(open.splice(0).map(shut));
    },
  };
}

function connect(place: RedisPlace, manner: Manner): RedisClient {
  const login = {
    ...(place.username === undefined ? {} : { username: place.username }),
    ...(place.password === undefined ? {} : { password: place.password }),
    ...(place.tls ? { tls: {} } : {}),
  };
  if (place.kind === "cluster") return connectCluster(place, manner, login);
  const all = { ...manner, ...login, retryStrategy: again, db: place.db };
  if (place.kind === "sentinel") {
    return new Redis({
      ...all,
      sentinels: [...place.nodes],
      name: place.master as string,
      sentinelRetryStrategy: again,
      failoverDetector: true,
      enableTLSForSentinelMode: place.tls,
    });
  }
  if (place.path !== undefined) return new Redis({ ...all, path: place.path });
  const node = place.nodes[0] as RedisNode;
  return new Redis({ ...all, host: node.host, port: node.port });
}

/** In a cluster the nodes' own queues must stay on; failing fast is the cluster client's part. */
function connectCluster(place: RedisPlace, manner: Manner, login: object): Cluster {
  const { enableOfflineQueue, ...redisOptions } = manner;
  return new Cluster([...place.nodes], {
    redisOptions: { ...redisOptions, ...login },
    enableOfflineQueue,
    clusterRetryStrategy: again,
    ...(enableOfflineQueue ? {} : { retryDelayOnFailover: 50, retryDelayOnClusterDown: 50, maxRedirections: 4 }),
  });
}

/** ioredis tells of every failed attempt on every connection: one line a second is enough. */
function complaints(log: Log): (error: Error) => void {
  let last = 0;
  let swallowed = 0;
  return (error) => {
    const now = Date.now();
    if (now - last < 1_000) {
      swallowed += 1;
      return;
    }
    log.warn({ reason: error.message, more: swallowed }, "Redis can't be reached or refuses");
    last = now;
    swallowed = 0;
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

async function shut(client: RedisClient): Promise<void> {
  const over = (): boolean => (client.status as string) === "end";
  if (over()) return;
  const ended = new Promise<void>((done) => client.once("end", () => done()));
  client.disconnect();
  // A connection that waits for its next attempt ends without an event.
  if (!over()) await Promise.race([ended, new Promise((done) => setTimeout(done, 500).unref())]);
}
