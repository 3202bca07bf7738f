import type SMTPConnection from "nodemailer/lib/smtp-connection";

/** Guards the exchanges on one connection, one at a time. */
export interface Watch {
  /** Runs one exchange; rejects when the connection ends, the time is up or the signal fires, and then cuts the connection. */
  readonly during: <T>(
    ms: number,
    start: (done: (error?: Error | null, result?: T) => void) => void,
    signal?: AbortSignal,
  ) => Promise<T | undefined>;
  /** Restarts the running exchange's clock. */
  readonly patient: (ms: number) => void;
}

/** Puts a clock, a stop signal and an ear for the connection's end to every exchange: nodemailer's callbacks may stay out. */
export function watcher(connection: SMTPConnection): Watch {
  let stop: ((error: unknown) => void) | undefined;
  let clock: NodeJS.Timeout | undefined;
  connection.on("error", (error) => stop?.(error));
  connection.on("end", () => {
    // Where nodemailer closes because of an error, it says which one right after this event.
    const running = stop;
    setImmediate(() => {
      if (stop === running) stop?.(fault("ECONNECTION", "The server closed the connection"));
    });
  });
  const patient = (ms: number) => {
    clearTimeout(clock);
    if (stop) clock = setTimeout(() => stop?.(fault("ETIMEDOUT", "The server did not answer in time")), ms);
  };
  return {
    patient,
    during: (ms, start, signal) =>
      new Promise((resolve, reject) => {
        const abort = () => stop?.(signal?.reason ?? fault("ETIMEDOUT", "The work was stopped"));
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
        patient(ms);
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

/** An error as nodemailer makes them. */
export function fault(code: string, sentence: string): Error {
  return Object.assign(new Error(sentence), { code, command: "CONN" });
}
