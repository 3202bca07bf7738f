/** A wake-up call with memory: `wait` ends after the time, or at once when notified since the last wait. */
export interface WakeSignal {
  readonly notify: () => void;
  readonly wait: (ms: number) => Promise<void>;
}

/** Makes a signal that remembers one notification. */
export function wakeSignal(): WakeSignal {
  let notified = false;
  let wake = (): void => undefined;
  return {
    notify: () => {
      notified = true;
      wake();
    },
    wait: async (ms) => {
      if (!notified && ms > 0) {
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, ms);
        });
        clearTimeout(timer);
      }
      notified = false;
    },
  };
}
