import { extname } from "node:path";
import { workerPool } from "../../../platform/kit/worker-threads.ts";
import { limitExceeded, threadFailure } from "../errors.ts";
import type {
  Job,
  JobResult,
  NewEntries,
  NewEntriesTask,
  NoFeed,
  NoOutlines,
  Outlines,
  ReadResult,
  ReadTask,
} from "./document/jobs.ts";

/**
 * Parser of an app's downloaded documents in threads, away from the event loop. All methods reject with `platform-protocol-error` for
 * a document beyond the limits, and with the signal's reason.
 */
export interface Reader {
  readonly read: (task: ReadTask, signal: AbortSignal) => Promise<ReadResult>;
  readonly newEntries: (task: NewEntriesTask, signal: AbortSignal) => Promise<NewEntries | NoFeed>;
  readonly opml: (bytes: Uint8Array, signal: AbortSignal) => Promise<Outlines | NoOutlines>;
}

/** Threads that parse the documents of all apps; each app has its share. */
export interface Readers {
  readonly forApp: (app: string) => Reader;
  /** Number of running threads. */
  readonly threads: () => number;
  /** Ends all threads; later jobs start new ones. */
  readonly close: () => Promise<void>;
}

/** Time of one document. A thread beyond its limits is ended, without effect on other threads. */
const LIMIT_MS = 2_000;
const LIMITS = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };

/** Creates readers of up to `maxThreads` threads, started on demand and kept until `close`. */
export function createReaders(maxThreads = 2, limitMs = LIMIT_MS): Readers {
  const { run, count, close } = workerPool<Job, JobResult>({
    file: new URL(`./reader-thread${extname(import.meta.url)}`, import.meta.url),
    max: maxThreads,
    limitMs,
    limits: LIMITS,
    onLimitExceeded: limitExceeded,
    onStartFailure: threadFailure,
  });
  return {
    forApp: (app) => ({
      read: async (task, signal) => (await run(app, { read: task }, signal)) as ReadResult,
      newEntries: async (task, signal) => (await run(app, { newEntries: task }, signal)) as NewEntries | NoFeed,
      opml: async (bytes, signal) => (await run(app, { opml: bytes }, signal)) as Outlines | NoOutlines,
    }),
    threads: count,
    close,
  };
}
