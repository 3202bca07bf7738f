import { randomBytes } from "node:crypto";
import type { EventLog } from "../event-log/event-log.ts";
import type { Log } from "../model/log.ts";
import { keys } from "../redis/keys.ts";
import { type AppFeed, openAppFeed } from "./app-feed.ts";
import type { Connection } from "./interrupt-read.ts";
import { type LogReader, logReader } from "./log-reader.ts";

export interface FeedRegistryDeps {
  /** Makes a connection for a blocking reader; closed here. */
  readonly connect: () => Connection;
  /** A connection for everything else; not closed here. */
  readonly control: Connection;
  readonly log: EventLog;
  readonly logger: Log;
  /** Events kept per app at most, as the log was told. */
  readonly kept: number;
}

/** Feed of an app that is followed, or is about to be. */
export interface FeedLease {
  readonly app: string;
  readonly opened: Promise<AppFeed>;
  users: number;
  idleSince: number;
}

/** Which logs this process follows. From the first listener of an app until a minute after its last. */
export interface FeedRegistry {
  readonly acquire: (app: string) => FeedLease;
  readonly release: (lease: FeedLease) => void;
  readonly healthy: () => boolean;
  readonly close: () => Promise<void>;
}

const NEWEST_AT_OPENING = 200;
const LINGER_MS = 60_000;

/** One reader for all logs. On a Redis Cluster one per hash tag, since a read must stay within a slot. */
export function feedRegistry(deps: FeedRegistryDeps): FeedRegistry {
  const { control, log, logger } = deps;
  const name = randomBytes(9).toString("base64url");
  const leases = new Map<string, FeedLease>();
  const readers = new Map<string, LogReader>();
  const sweeper = setInterval(sweep, LINGER_MS / 2).unref();

  function readerFor(app: string): LogReader {
    const tag = control.isCluster ? keys.tagOf(app) : (keys.tags[0] as string);
    const reader = readers.get(tag) ?? logReader({ ...deps, wakeKey: keys.wake(tag, name) });
    readers.set(tag, reader);
    return reader;
  }
  function open(app: string): FeedLease {
    const opened = log.newest(app, NEWEST_AT_OPENING).then((page) => {
      const feed = openAppFeed(app, page, logger);
      if (leases.get(app) === lease) readerFor(app).add(keys.log(app), feed);
      return feed;
    });
    const lease: FeedLease = { app, opened, users: 0, idleSince: 0 };
    leases.set(app, lease);
    opened.catch(() => leases.delete(app));
    return lease;
  }
  function sweep(): void {
    for (const [app, lease] of leases) {
      if (lease.users > 0 || Date.now() - lease.idleSince < LINGER_MS) continue;
      readerFor(app).remove(keys.log(app));
      leases.delete(app);
    }
  }
  return {
    acquire: (app) => {
      const lease = leases.get(app) ?? open(app);
      lease.users++;
      return lease;
    },
    release: (lease) => {
      lease.users--;
      lease.idleSince = Date.now();
    },
    healthy: () => [...readers.values()].every((reader) => reader.healthy()),
    close: async () => {
      clearInterval(sweeper);
      await Promise.all([...readers.values()].map((reader) => reader.close()));
    },
  };
}
