/** Wake-up call with a memory of one notification. */
export interface WakeSignal {
  /** Ends the wait under way, or else the next one at once. Several calls before a wait count as one. */
  readonly notify: () => void;
  /** Whether a notification waits to be consumed. */
  readonly isNotified: () => boolean;
  /**
   * Waits for a notification and consumes it; one caller at a time.
   * With `ms` the wait ends after that time as well. Answers true when notified, false when the time ran out.
   */
  readonly wait: (ms?: number) => Promise<boolean>;
}

/** Creates a wake signal that was not notified yet. */
export function wakeSignal(): WakeSignal {
  let notified = false;
  let wake: (() => void) | undefined;
  return {
    notify() {
      notified = true;
      wake?.();
    },
    isNotified: () => notified,
    async wait(ms) {
      if (!notified && (ms === undefined || ms > 0)) {
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (ms !== undefined) timer = setTimeout(resolve, ms);
        });
        clearTimeout(timer);
        wake = undefined;
      }
      const wasNotified = notified;
      notified = false;
      return wasNotified;
    },
  };
}
