/** Clock of a server, as last told, carried on by this process's monotonic clock. */
export interface ServerClock {
  /** Unix ms by the server's clock. */
  readonly now: () => number;
  /** Takes the server's time, in Unix ms. */
  readonly set: (ms: number) => void;
}

/** Creates a clock that shows this process's own time until the server's is known. */
export function serverClock(): ServerClock {
  let offset = Date.now() - performance.now();
  return {
    now: () => Math.round(performance.now() + offset),
    set: (ms) => {
      offset = ms - performance.now();
    },
  };
}
