/** Something to sleep by: `wait` ends at the time, or at once when it was rung since the last wait. */
export interface Doorbell {
  readonly ring: () => void;
  readonly wait: (ms: number) => Promise<void>;
}

/** A bell that remembers one ring. */
export function doorbell(): Doorbell {
  let rung = false;
  let open = (): void => undefined;
  return {
    ring: () => {
      rung = true;
      open();
    },
    wait: async (ms) => {
      if (!rung && ms > 0) {
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          open = resolve;
          timer = setTimeout(resolve, ms);
        });
        clearTimeout(timer);
      }
      rung = false;
    },
  };
}
