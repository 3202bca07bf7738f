import { once } from "node:events";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { Failure } from "../../failure.ts";
import { turns } from "../../turns.ts";
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
/** Starting includes loading the parser, on a busy machine by way of a TypeScript loader. */
const START_MS = 20_000;

/** Keeps up to `most` threads, each with one document at a time; started when needed and kept until `close`. */
export function reader(most = 2, limitMs = LIMIT_MS): Reader {
  const alive = new Set<Worker>();
  const idle: Worker[] = [];
  const { enter, leave } = turns(most);

  async function started(signal: AbortSignal): Promise<Worker> {
    const worker = start();
    alive.add(worker);
    worker.once("exit", () => {
      alive.delete(worker);
      if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1);
    });
    // A thread that fails says so to whoever waits for its answer; this listener keeps an idle one from ending the process.
    worker.on("error", () => undefined);
    await answerOf(worker, START_MS, signal, broken);
    return worker;
  }

  return {
    read: async (task, signal) => {
      await enter(signal);
      try {
        const worker = idle.pop() ?? (await started(signal));
        worker.postMessage(task);
        const read = (await answerOf(worker, limitMs, signal, tooMuch)) as Read;
        idle.push(worker);
        return read;
      } finally {
        leave();
      }
    },
    threads: () => alive.size,
    close: async () => {
      idle.length = 0;
      await Promise.all([...alive].map((worker) => worker.terminate()));
    },
  };
}

function start(): Worker {
  const type = extname(import.meta.url);
  const file = new URL(`./thread${type}`, import.meta.url);
  // A `.ts` file runs by way of tsx, which a thread has to ask for itself. The thread needs nothing of the environment.
  const translated = `import("tsx/esm/api").then(({ register }) => (register(), import(${JSON.stringify(file.href)})))`;
  const options = { env: {}, resourceLimits: LIMITS };
  const worker = type === ".ts" ? new Worker(translated, { ...options, eval: true }) : new Worker(file, options);
  worker.unref();
  return worker;
}

/** The thread's next message; without one in time the thread is ended, and `failure` says what that means. */
async function answerOf(
  worker: Worker,
  ms: number,
  signal: AbortSignal,
  failure: (cause: unknown) => Failure,
): Promise<unknown> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(new Error("The thread did not answer in time")), ms);
  const ended = () => over.abort(new Error("The thread ended"));
  worker.once("exit", ended);
  try {
    const [message] = await once(worker, "message", { signal: AbortSignal.any([signal, over.signal]) });
    return message;
  } catch (cause) {
    await worker.terminate();
    throw signal.aborted ? signal.reason : failure(cause);
  } finally {
    clearTimeout(timer);
    worker.off("exit", ended);
  }
}

function tooMuch(cause: unknown): Failure {
  const detail = "The feed takes more time or memory to read than a feed may.";
  return new Failure({ kind: "permanent", code: "platform-protocol-error", detail, cause });
}

function broken(cause: unknown): Failure {
  const detail = "The thread that reads feeds could not be started; tell the operator.";
  return new Failure({ kind: "retryable", code: "internal-error", detail, cause });
}
