import { extname } from "node:path";
import { Failure } from "../../failure.ts";
import { threads } from "../../threads.ts";
import type { Read, Task } from "./feed.ts";

/** Parses downloaded documents away from the event loop. */
export interface Reader {
  /** Rejects with `platform-protocol-error` for a document beyond the limits, or with the signal's reason. */
  readonly read: (task: Task, signal: AbortSignal) => Promise<Read>;
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
  const file = new URL(`./thread${extname(import.meta.url)}`, import.meta.url);
  const { ask, count, close } = threads<Task, Read>({ file, most, limitMs, limits: LIMITS, tooMuch, broken });
  return { read: ask, threads: count, close };
}

function tooMuch(cause: unknown): Failure {
  const detail = "The feed takes more time or memory to read than a feed may.";
  return new Failure({ kind: "permanent", code: "platform-protocol-error", detail, cause });
}

function broken(cause: unknown): Failure {
  const detail = "The thread that reads feeds could not be started; tell the operator.";
  return new Failure({ kind: "retryable", code: "internal-error", detail, cause });
}
