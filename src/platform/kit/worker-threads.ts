import { once } from "node:events";
import { extname } from "node:path";
import { type ResourceLimits, Worker } from "node:worker_threads";
import { fairSemaphore } from "./semaphore.ts";

/** Pool of threads that parse untrusted documents away from the event loop. */
export interface WorkerPool<Task, Answer> {
  /**
   * Runs a task within the app's share of the threads. Rejects with the error of `onLimitExceeded` or `onStartFailure`, or
   * with the signal's reason.
   */
  readonly run: (app: string, task: Task, signal: AbortSignal) => Promise<Answer>;
  /** Number of live threads. */
  readonly count: () => number;
  /** Ends all threads; later tasks start new ones. */
  readonly close: () => Promise<void>;
}

/** Options of a worker pool. */
export interface WorkerPoolOptions {
  /** Module of the thread; posts a message when it is ready, then one per task. */
  readonly file: URL;
  /** Maximum number of threads. */
  readonly max: number;
  /** Time limit of a task in milliseconds; a thread beyond its limits is terminated alone. */
  readonly limitMs: number;
  readonly limits: ResourceLimits;
  /** Makes the error for a task that exceeded the limits. */
  readonly onLimitExceeded: (cause: unknown) => Error;
  /** Makes the error for a thread that could not be started. */
  readonly onStartFailure: (cause: unknown) => Error;
}

/** Half of the threads for one app. Documents that use up their time leave some for others. */
const THREAD_SHARES = { perFree: 1, reserve: 0 };
/** Starting includes loading the parser, on a busy machine by way of a TypeScript loader. */
const START_MS = 20_000;

/** Creates a pool. Each thread runs a task at a time, starts on demand and lives until `close`. */
export function workerPool<Task, Answer>(settings: WorkerPoolOptions): WorkerPool<Task, Answer> {
  const { max, limitMs, onLimitExceeded, onStartFailure } = settings;
  const alive = new Set<Worker>();
  const idle: Worker[] = [];
  const { acquire, release } = fairSemaphore(max, THREAD_SHARES);

  async function startWorker(signal: AbortSignal): Promise<Worker> {
    const worker = start(settings);
    alive.add(worker);
    worker.once("exit", () => {
      alive.delete(worker);
      if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1);
    });
    // A failing thread rejects its task; this listener keeps an idle one from ending the process.
    worker.on("error", () => undefined);
    await answerOf(worker, START_MS, signal, onStartFailure);
    return worker;
  }

  return {
    run: async (app, task, signal) => {
      await acquire(signal, app);
      try {
        const worker = idle.pop() ?? (await startWorker(signal));
        worker.postMessage(task);
        const answer = (await answerOf(worker, limitMs, signal, onLimitExceeded)) as Answer;
        idle.push(worker);
        return answer;
      } finally {
        release(app);
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

/** Waits for the thread's next message. A thread that is late is terminated and `failure` makes the error. */
async function answerOf(
  worker: Worker,
  ms: number,
  signal: AbortSignal,
  failure: (cause: unknown) => Error,
): Promise<unknown> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(new Error("The thread did not answer in time")), ms);
  const onExit = () => timeout.abort(new Error("The thread ended"));
  worker.once("exit", onExit);
  try {
    const [message] = await once(worker, "message", { signal: AbortSignal.any([signal, timeout.signal]) });
    return message;
  } catch (cause) {
    await worker.terminate();
    throw signal.aborted ? signal.reason : failure(cause);
  } finally {
    clearTimeout(timer);
    worker.off("exit", onExit);
  }
}
