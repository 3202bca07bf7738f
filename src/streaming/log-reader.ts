import type { EventLog } from "../event-log/event-log.ts";
import { entryOf } from "../event-log/redis-event-log.ts";
import type { Log } from "../model/log.ts";
import type { AppFeed } from "./app-feed.ts";
import { connectionHealth } from "./connection-health.ts";
import { detectGap } from "./detect-gap.ts";
import { type Connection, readInterrupter } from "./interrupt-read.ts";

export interface LogReaderDeps {
  /** A connection of this reader's own, since a blocking read occupies it. */
  readonly connect: () => Connection;
  /** Any other connection. */
  readonly control: Connection;
  /** Key of this reader alone. */
  readonly wakeKey: string;
  readonly log: EventLog;
  readonly logger: Log;
  /** Events kept per app: a read that brings fewer can't have lost any to trimming. */
  readonly kept: number;
}

export interface LogReader {
  /** Reads this log too from now on. */
  readonly add: (key: string, app: AppFeed) => void;
  readonly remove: (key: string) => void;
  /** False from the moment the connection is lost until it is back. */
  readonly healthy: () => boolean;
  readonly close: () => Promise<void>;
}

const BLOCK_MS = 5_000;
const ENTRIES_PER_READ = 500;

type Reply = ReadonlyArray<readonly [key: string, entries: ReadonlyArray<readonly [string, readonly string[]]>]> | null;

/** Loop around a blocking XREAD for any number of logs of a hash tag. */
export function logReader({ connect, control, wakeKey, log, logger, kept }: LogReaderDeps): LogReader {
  const members = new Map<string, AppFeed>();
  const interrupter = readInterrupter(control, wakeKey, logger);
  let connection: Connection | undefined;
  let health: { readonly healthy: () => boolean } | undefined;
  let closed = false;
  let reading = 0;
  // True when whatever joins now is in the next read anyway.
  let woken = true;
  let onMember = () => {};

  async function loop(): Promise<void> {
    while (!closed) {
      if (members.size === 0) await waitForMembers();
      else await readOnce();
    }
  }
  function waitForMembers(): Promise<void> {
    return new Promise((resolve) => {
      onMember = resolve;
    });
  }
  async function readOnce(): Promise<void> {
    try {
      await dispatch(await read());
    } catch (error) {
      if (closed) return;
      logger.warn({ err: error }, "reading event logs failed; retrying");
      await pause(100);
    }
  }
  async function read(): Promise<Reply> {
    connection ??= open();
    const ids = [...members.values()].map((member) => member.lastId());
    const streams = [interrupter.key, ...members.keys(), interrupter.after(), ...ids];
    woken = false;
    reading++;
    try {
      return await blockingRead(connection, streams);
    } finally {
      woken = true;
    }
  }
  function open(): Connection {
    const opened = connect();
    health = connectionHealth(opened, () => void verifyAll(log, [...members.values()], logger));
    return opened;
  }
  async function dispatch(reply: Reply): Promise<void> {
    for (const [key, raw] of reply ?? []) {
      const member = members.get(key);
      if (key === interrupter.key) interrupter.seen(raw[raw.length - 1]?.[0] ?? interrupter.after());
      else if (member && !(await lostSome(member, raw.length))) member.accept(raw.map(entryOf));
    }
  }
  /** A full read may have begun after entries that were trimmed before it. Then a gap is said instead. */
  async function lostSome(member: AppFeed, count: number): Promise<boolean> {
    return count >= Math.min(ENTRIES_PER_READ, kept) && (await detectGap(log, member));
  }
  const done = loop();
  return {
    add: (key, app) => {
      members.set(key, app);
      onMember();
      if (woken) return;
      woken = true;
      const current = reading;
      void interrupter.wake(() => reading === current && !closed);
    },
    remove: (key) => void members.delete(key),
    healthy: () => health?.healthy() ?? true,
    close: async () => {
      closed = true;
      onMember();
      connection?.disconnect();
      await Promise.race([done, pause(1_000)]);
    },
  };
}

/** Reconnects a silent connection, which would delay all events for good. */
async function blockingRead(client: Connection, streams: readonly string[]): Promise<Reply> {
  const watchdog = setTimeout(() => client.disconnect(true), BLOCK_MS * 3);
  try {
    return (await client.xread("COUNT", ENTRIES_PER_READ, "BLOCK", BLOCK_MS, "STREAMS", ...streams)) as Reply;
  } finally {
    clearTimeout(watchdog);
  }
}

/** After an outage: logs may have been trimmed past us or begun anew meanwhile. */
async function verifyAll(log: EventLog, members: readonly AppFeed[], logger: Log): Promise<void> {
  for (const member of members) {
    try {
      await detectGap(log, member);
    } catch (error) {
      logger.warn({ err: error, app: member.app }, "event log could not be compared after an outage");
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
