import type { Cluster, Redis } from "ioredis";
import type { Log } from "../log.ts";
import { compareIds } from "./cursor.ts";
import { type EventLog, isGap } from "./event-log.ts";
import type { Followed } from "./followed.ts";
import { entryOf } from "./redis.ts";

export type Connection = Redis | Cluster;

export interface LogReaderDeps {
  /** A connection of this reader's own, since a blocking read occupies it. */
  readonly connect: () => Connection;
  /** Any other connection. */
  readonly control: Connection;
  /** Stream of this reader's own: an entry in it makes a blocked read return. */
  readonly wakeKey: string;
  readonly log: EventLog;
  readonly logger: Log;
  /** Events kept per app: a read that brings fewer can't have lost any to trimming. */
  readonly kept: number;
}

export interface LogReader {
  /** Reads this log too from now on. */
  readonly add: (key: string, app: Followed) => void;
  readonly remove: (key: string) => void;
  /** False from the moment the connection is lost until it is back. */
  readonly healthy: () => boolean;
  readonly close: () => Promise<void>;
}

const BLOCK_MS = 5_000;
const ENTRIES_PER_READ = 500;

type Reply = ReadonlyArray<readonly [key: string, entries: ReadonlyArray<readonly [string, readonly string[]]>]> | null;

/** One loop around one blocking XREAD for any number of logs (of one hash tag, where Redis is a Cluster). */
export function logReader(deps: LogReaderDeps): LogReader {
  const { control, wakeKey, logger } = deps;
  const members = new Map<string, Followed>();
  let connection: Connection | undefined;
  let healthy = true;
  let closed = false;
  let reading = false;
  let woken = false;
  let wakeId = "0-0";
  let somethingToRead = () => {};
  const done = loop();

  async function loop(): Promise<void> {
    while (!closed) {
      if (members.size === 0) {
        await new Promise<void>((resolve) => {
          somethingToRead = resolve;
        });
        continue;
      }
      try {
        await dispatch(await read());
      } catch (error) {
        if (closed) return;
        logger.warn({ err: error }, "reading the event logs failed and is tried again");
        await pause(100);
      }
    }
  }
  async function read(): Promise<Reply> {
    connection ??= open();
    const streams = [...members.keys()];
    const ids = streams.map((key) => (members.get(key) as Followed).at());
    const places = [wakeKey, ...streams, wakeId, ...ids];
    reading = true;
    woken = false;
    // A connection that died without a word would otherwise hold everybody's events back for good.
    const deaf = setTimeout(() => (connection as Redis).disconnect(true), BLOCK_MS * 3);
    try {
      return (await connection.xread("COUNT", ENTRIES_PER_READ, "BLOCK", BLOCK_MS, "STREAMS", ...places)) as Reply;
    } finally {
      clearTimeout(deaf);
      reading = false;
    }
  }
  async function dispatch(reply: Reply): Promise<void> {
    for (const [key, raw] of reply ?? []) {
      const member = members.get(key);
      if (key === wakeKey) wakeId = raw[raw.length - 1]?.[0] ?? wakeId;
      else if (member && !(await lostSome(member, raw.length))) member.accept(raw.map(entryOf));
    }
  }
  /** A full read may have begun after entries that were trimmed before it; then a gap is said instead. */
  async function lostSome(member: Followed, count: number): Promise<boolean> {
    if (count < Math.min(ENTRIES_PER_READ, deps.kept)) return false;
    return verify(member);
  }
  async function verify(member: Followed): Promise<boolean> {
    const at = member.at();
    const epoch = member.epoch();
    const bounds = await deps.log.bounds(member.app);
    if (member.epoch() !== epoch || !isGap({ epoch, id: at }, bounds)) return false;
    if (bounds.epoch !== epoch && compareIds(bounds.last, at) > 0 && !bounds.trimmed) return false;
    member.restart(bounds);
    return true;
  }
  function open(): Connection {
    const fresh = deps.connect();
    let lost = false;
    fresh.on("close", () => {
      lost = true;
      healthy = false;
    });
    fresh.on("ready", () => {
      healthy = true;
      if (lost) void verifyAll();
      lost = false;
    });
    return fresh;
  }
  /** After an outage: the log may have been trimmed past us or begun anew meanwhile. */
  async function verifyAll(): Promise<void> {
    for (const member of [...members.values()]) {
      try {
        await verify(member);
      } catch (error) {
        logger.warn({ err: error, app: member.app }, "an event log could not be compared after an outage");
      }
    }
  }
  async function wake(): Promise<void> {
    while (reading && !closed) {
      try {
        await control.xadd(wakeKey, "MAXLEN", 1, "*", "w", "1");
        await control.expire(wakeKey, 3_600);
        return;
      } catch (error) {
        logger.debug({ err: error }, "waking the reader failed and is tried again");
        await pause(100);
      }
    }
  }
  return {
    add: (key, app) => {
      members.set(key, app);
      somethingToRead();
      if (!reading || woken) return;
      woken = true;
      void wake();
    },
    remove: (key) => void members.delete(key),
    healthy: () => healthy,
    close: async () => {
      closed = true;
      somethingToRead();
      connection?.disconnect();
      await Promise.race([done, pause(1_000)]);
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
