import { extname } from "node:path";
import { Failure } from "../../../model/failure.ts";
import { optional } from "../../../model/optional.ts";
import { fairSemaphore } from "../../../platform/kit/semaphore.ts";
import { workerPool } from "../../../platform/kit/worker-threads.ts";
import type { InboundMail } from "../schemas/inbound-mail.ts";
import { type Bounce, MAX_REPORT_BYTES } from "./bounce.ts";
import type { MailParts, MailTask, ReportTask } from "./mail-task.ts";

/** Parser of an app's raw mail (RFC 5322) in worker threads. */
export interface MailReader {
  /**
   * Reads a mail, whatever the bytes are. Beyond the limits only the header is read and the result is marked `truncated`.
   * `parts` is what was read part by part; `source` is then the head.
   * Rejects with the signal's reason, or with a retryable `Failure` when no thread could be started.
   */
  readonly read: (source: Buffer, signal: AbortSignal, parts?: MailParts) => Promise<InboundMail>;
  /** Reads a delivery report (see `readBounce`). A report beyond the limits of time and memory counts as another mail. */
  readonly readReport: (source: Buffer, signal: AbortSignal) => Promise<Bounce | undefined>;
  /** Runs work that needs a whole large mail in memory, when there is room. Rejects with the signal's reason. */
  readonly whileInMemory: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
}

/** Threads that read the mail of all apps; each app has its share. */
export interface MailReaders {
  readonly forApp: (app: string) => MailReader;
  readonly threads: () => number;
  readonly close: () => Promise<void>;
}

/** Bytes of a mail that are read; the rest is ignored. */
export const MAX_MAIL_BYTES = 25 * 1024 * 1024;
const LIMIT_MS = 5_000;
const LIMITS = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };
/** Whole large mails in memory at the same time, and an app's share of them. */
const MAX_IN_MEMORY = 4;
const IN_MEMORY_SHARES = { perFree: 1, reserve: 0 };
/** Bytes of a header that are read when the whole mail was beyond the limits. */
const HEAD_BYTES = 65_536;

/** Starts up to `max` threads that read mail, `limitMs` per mail at most. Threads start with the first mail. */
export function mailReaders(max = 2, limitMs = LIMIT_MS): MailReaders {
  const file = new URL(`./mail-worker${extname(import.meta.url)}`, import.meta.url);
  const pool = workerPool<MailTask | ReportTask, InboundMail | Bounce | undefined>({
    file,
    max,
    limitMs,
    limits: LIMITS,
    onLimitExceeded: limitExceeded,
    onStartFailure: startFailed,
  });
  const inMemory = fairSemaphore(MAX_IN_MEMORY, IN_MEMORY_SHARES);
  return {
    forApp: (app) => {
      const run = <Answer>(task: MailTask | ReportTask, signal: AbortSignal) =>
        pool.run(app, task, signal) as Promise<Answer>;
      return {
        read: (source, signal, parts) => readWith(run, source, signal, parts),
        readReport: (source, signal) => readReportWith(run, source, signal),
        whileInMemory: async (work, signal) => {
          await inMemory.acquire(signal, app);
          try {
            return await work();
          } finally {
            inMemory.release(app);
          }
        },
      };
    },
    threads: pool.count,
    close: pool.close,
  };
}

/** Mail readers with a use count: all clients of a process share the threads. */
export interface SharedMailReaders extends MailReaders {
  /** Counts a client from the start of connecting. A client that could not be made is released again. */
  readonly retain: <T>(client: Promise<T>) => Promise<T>;
  /** Releases a client; the last client ends the threads. */
  readonly release: () => Promise<void>;
}

/** Makes mail readers whose threads live as long as any client uses them. */
export function sharedMailReaders(): SharedMailReaders {
  const readers = mailReaders();
  let clients = 0;
  async function release(): Promise<void> {
    clients -= 1;
    if (clients === 0) await readers.close();
  }
  return {
    ...readers,
    release,
    retain: async (client) => {
      clients += 1;
      try {
        return await client;
      } catch (thrown) {
        await release();
        throw thrown;
      }
    },
  };
}

type Run<Task, Answer> = (task: Task, signal: AbortSignal) => Promise<Answer>;

async function readWith(
  run: Run<MailTask, InboundMail>,
  source: Buffer,
  signal: AbortSignal,
  parts: MailParts | undefined,
): Promise<InboundMail> {
  const isCut = source.length > MAX_MAIL_BYTES;
  const tasks = [
    { source: detached(source.subarray(0, MAX_MAIL_BYTES)), truncated: isCut, ...optional("parts", parts) },
    { source: detached(headOf(source)), truncated: true },
  ];
  for (const task of tasks) {
    try {
      return await run(task, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof Failure && thrown.kind === "retryable") throw thrown;
    }
  }
  return { actor: { address: "<>" }, object: { type: "message", truncated: true } };
}

async function readReportWith(
  run: Run<ReportTask, Bounce | undefined>,
  source: Buffer,
  signal: AbortSignal,
): Promise<Bounce | undefined> {
  try {
    return await run({ report: detached(source.subarray(0, MAX_REPORT_BYTES)) }, signal);
  } catch (thrown) {
    signal.throwIfAborted();
    if (thrown instanceof Failure && thrown.kind === "retryable") throw thrown;
    return undefined;
  }
}

/** Copies a view out of a larger buffer. Without the copy the thread would get the whole buffer. */
function detached(view: Buffer): Uint8Array {
  return view.byteLength === view.buffer.byteLength ? view : Uint8Array.prototype.slice.call(view);
}

function headOf(source: Buffer): Buffer {
  const start = source.subarray(0, HEAD_BYTES);
  const ends = ["\r\n\r\n", "\n\n"].map((end) => start.indexOf(end)).filter((at) => at >= 0);
  return start.subarray(0, Math.min(start.length, ...ends));
}

function limitExceeded(cause: unknown): Failure {
  const detail = "The mail exceeds the limits of time or memory for parsing.";
  return new Failure({ kind: "permanent", code: "platform-protocol-error", detail, cause });
}

function startFailed(cause: unknown): Failure {
  const detail = "The thread that reads mail could not be started; tell the operator.";
  return new Failure({ kind: "retryable", code: "internal-error", detail, cause });
}
