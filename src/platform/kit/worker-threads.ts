import { once } from "node:events";
import { extname } from "node:path";
import { type ResourceLimits, Worker } from "node:worker_threads";
import { fairSemaphore } from "./semaphore.ts";

/** Threads that work on strangers' documents: what a document costs, it costs there, and never the event loop. */
export interface WorkerPool<Task, Answer> {
  /** Rejects with what `tooMuch` or `broken` made of it, or with the signal's reason. */
  readonly run: (task: Task, signal: AbortSignal) => Promise<Answer>;
  /** How many threads live. */
  readonly count: () => number;
  /** Ends all threads; later tasks start new ones. */
  readonly close: () => Promise<void>;
}

export interface WorkerPoolOptions {
  /** The thread's module: it posts one message when it is ready, and then one for each task. */
  readonly file: URL;
  readonly max: number;
  /** One task may take so long and so much; a thread that goes beyond is ended, and with it nothing else. */
  readonly limitMs: number;
  readonly limits: ResourceLimits;
  /** What to throw for a task that took more than the limits. */
  readonly onLimitExceeded: (cause: unknown) => Error;
  /** What to throw when no thread could be started. */
  readonly onStartFailure: (cause: unknown) => Error;
}

/** Starting includes loading the parser, on a busy machine by way of a TypeScript loader. */
const START_MS = 20_000;

/** Keeps up to `most` threads, each with one task at a time; started when needed and kept until `close`. */
export function workerPool<Task, Answer>(settings: WorkerPoolOptions): WorkerPool<Task, Answer> {
  const { max: most, limitMs, onLimitExceeded: tooMuch, onStartFailure: broken } = settings;
  const alive = new Set<Worker>();
  const idle: Worker[] = [];
  const { acquire: enter, release: leave } = fairSemaphore(most);

  async function started(signal: AbortSignal): Promise<Worker> {
    const worker = start(settings);
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
    run: async (task, signal) => {
      await enter(signal);
      try {
        const worker = idle.pop() ?? (await started(signal));
        worker.postMessage(task);
        const answer = (await answerOf(worker, limitMs, signal, tooMuch)) as Answer;
        idle.push(worker);
        return answer;
      } finally {
        leave();
      }
    },
    count: () => alive.size,
    close: async () => {
      idle.length = 0;
      await Promise.all([...alive].map((worker) => worker.terminate()));
    },
  };
}

function start({ file, limits }: WorkerPoolOptions): Worker {
  // A `.ts` file runs by way of tsx, which a thread has to ask for itself. The thread needs nothing of the environment.
  const translated = `import("tsx/esm/api").then(({ register }) => (register(), import(${JSON.stringify(file.href)})))`;
  const options = { env: {}, resourceLimits: limits };
  const worker =
    extname(file.pathname) === ".ts" ? new Worker(translated, { ...options, eval: true }) : new Worker(file, options);
  worker.unref();
  return worker;
}

/** The thread's next message; without one in time the thread is ended, and `failure` says what that means. */
async function answerOf(
  worker: Worker,
  ms: number,
  signal: AbortSignal,
  failure: (cause: unknown) => Error,
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
