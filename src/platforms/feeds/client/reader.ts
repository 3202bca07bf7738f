import { extname } from "node:path";
import { Failure } from "../../../model/failure.ts";
import { workerPool } from "../../../platform/kit/worker-threads.ts";
import type { Answer, Job, News, NewsTask, Outlines, Read, Task } from "./document/feed.ts";

/** Parses downloaded documents away from the event loop. */
export interface Reader {
  /** Rejects with `platform-protocol-error` for a document beyond the limits, or with the signal's reason. */
  readonly read: (task: Task, signal: AbortSignal) => Promise<Read>;
  /** What a document brings that was not known; a page or neither when it is no feed. */
  readonly news: (task: NewsTask, signal: AbortSignal) => Promise<News | Exclude<Read, { kind: "feed" }>>;
  /** The feeds of an OPML document; `neither` when it is none. */
  readonly opml: (bytes: Uint8Array, signal: AbortSignal) => Promise<Outlines | { readonly kind: "neither" }>;
  /** How many threads live. */
  readonly threads: () => number;
  /** Ends all threads; later reads start new ones. */
  readonly close: () => Promise<void>;
}

/** One document may take so long and so much; a thread that goes beyond is ended, and with it nothing else. */
const LIMIT_MS = 2_000;
const LIMITS = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };

/** Keeps up to `most` threads, each with one document at a time; started when needed and kept until `close`. */
export function reader(most = 2, limitMs = LIMIT_MS): Reader {
  const file = new URL(`./reader-thread${extname(import.meta.url)}`, import.meta.url);
  const {
    run: ask,
    count,
    close,
  } = workerPool<Job, Answer>({
    file,
    max: most,
    limitMs,
    limits: LIMITS,
    onLimitExceeded: tooMuch,
    onStartFailure: broken,
  });
  return {
    read: async (task, signal) => (await ask({ read: task }, signal)) as Read,
    news: async (task, signal) => (await ask({ news: task }, signal)) as Awaited<ReturnType<Reader["news"]>>,
    opml: async (bytes, signal) => (await ask({ opml: bytes }, signal)) as Awaited<ReturnType<Reader["opml"]>>,
    threads: count,
    close,
  };
}

function tooMuch(cause: unknown): Failure {
  const detail = "The feed takes more time or memory to read than a feed may.";
  return new Failure({ kind: "permanent", code: "platform-protocol-error", detail, cause });
}

function broken(cause: unknown): Failure {
  const detail = "The thread that reads feeds could not be started; tell the operator.";
  return new Failure({ kind: "retryable", code: "internal-error", detail, cause });
}
