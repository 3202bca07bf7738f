/** Clock that stands still until the test lets a pause pass. */
export interface ManualClock {
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
  /** Waits until a pause of `ms` has begun, and moves the clock to its end. */
  readonly pass: (ms: number) => Promise<void>;
}

export function manualClock(): ManualClock {
  let time = 0;
  let pending: Array<{ readonly ms: number; readonly end: number; readonly resolve: () => void }> = [];
  let onPause: () => void = () => undefined;
  return {
    now: () => time,
    pause: (ms) =>
      new Promise((resolve) => {
        if (ms <= 0) return resolve();
        pending.push({ ms, end: time + ms, resolve });
        onPause();
      }),
    async pass(ms) {
      while (!pending.some((pause) => pause.ms === ms))
        await new Promise<void>((resolve) => {
          onPause = resolve;
        });
      time = Math.max(...pending.filter((pause) => pause.ms === ms).map(({ end }) => end));
      const due = pending.filter(({ end }) => end <= time);
      pending = pending.filter(({ end }) => end > time);
      for (const { resolve } of due) resolve();
    },
  };
}
