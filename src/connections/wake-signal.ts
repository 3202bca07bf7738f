/** Wake-up with memory: a notification that nobody waits for is kept for the next wait. */
export interface WakeSignal {
  readonly notify: () => void;
  readonly isNotified: () => boolean;
  /** Drops a notification that was not waited for. */
  readonly clear: () => void;
  /** Waits for a notification, at most `ms`, and consumes it; false after the time. For one waiter at a time. */
  readonly wait: (ms?: number) => Promise<boolean>;
}

/** Creates a signal without a notification. */
export function wakeSignal(): WakeSignal {
  let isNotified = false;
  let wake: (() => void) | undefined;
  const clear = (): void => {
    isNotified = false;
  };
  return {
    notify() {
      isNotified = true;
      wake?.();
    },
    isNotified: () => isNotified,
    clear,
    async wait(ms) {
      if (!isNotified) {
        await new Promise<void>((resolve) => {
          const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = undefined;
      }
      const hasNotification = isNotified;
      clear();
      return hasNotification;
    },
  };
}
