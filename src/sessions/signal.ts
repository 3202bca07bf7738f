/** Something that is given once and may be waited for. */
export interface Signal {
  readonly given: Promise<void>;
  readonly give: () => void;
  /** Waits at most `ms`; true when it was given. */
  readonly within: (ms?: number) => Promise<boolean>;
}

/** A new one, not given yet. */
export function signal(): Signal {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return {
    given,
    give,
    async within(ms) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<boolean>((resolve) => {
        if (ms !== undefined) timer = setTimeout(() => resolve(false), ms);
      });
      const first = await Promise.race([given.then(() => true), late]);
      clearTimeout(timer);
      return first;
    },
  };
}
