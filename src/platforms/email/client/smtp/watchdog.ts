import type SMTPConnection from "nodemailer/lib/smtp-connection";

/** Guard over the exchanges on a connection; exchanges run one at a time. */
export interface Watchdog {
  /** Runs an exchange. Rejects when the connection ends, time is up or the signal fires, and then cuts the connection. */
  readonly guard: <T>(
    ms: number,
    start: (done: (error?: Error | null, result?: T) => void) => void,
    signal?: AbortSignal,
  ) => Promise<T | undefined>;
  /** Restarts the running exchange's clock. */
  readonly restartClock: (ms: number) => void;
}

/** Adds a time limit, a stop signal and disconnect detection to every exchange. Nodemailer may never call back. */
export function watchdog(connection: SMTPConnection): Watchdog {
  let stop: ((error: unknown) => void) | undefined;
  let clock: NodeJS.Timeout | undefined;
  connection.on("error", (error) => stop?.(error));
  connection.on("end", () => {
    // Where nodemailer closes because of an error, the error event follows this event.
    const running = stop;
    setImmediate(() => {
      if (stop === running) stop?.(codedError("ECONNECTION", "The server closed the connection"));
    });
  });
  const restartClock = (ms: number) => {
    clearTimeout(clock);
    if (stop) clock = setTimeout(() => stop?.(codedError("ETIMEDOUT", "The server did not answer in time")), ms);
  };
  return {
    restartClock,
    guard: (ms, start, signal) =>
      new Promise((resolve, reject) => {
        const abort = () => stop?.(signal?.reason ?? codedError("ETIMEDOUT", "The work was stopped"));
        const settle = () => {
          stop = undefined;
          clearTimeout(clock);
          signal?.removeEventListener("abort", abort);
        };
        stop = (error) => {
          settle();
          reject(error);
          connection.close();
        };
        restartClock(ms);
        signal?.addEventListener("abort", abort, { once: true });
        if (signal?.aborted) return abort();
        start((error, result) => {
          if (stop === undefined) return;
          settle();
          if (error) reject(error);
          else resolve(result);
        });
      }),
  };
}

/** Makes an error with a code in nodemailer's form. */
export function codedError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code, command: "CONN" });
}
