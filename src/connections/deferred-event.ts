/** Something that is given once and may be waited for. */
export interface Signal {
  readonly given: Promise<void>;
  readonly give: () => void;
  readonly wasGiven: () => boolean;
  /** Waits at most `ms`; true when it was given. */
  readonly within: (ms?: number) => Promise<boolean>;
}

/** A new one, not given yet. */
export function signal(): Signal {
  let tell: () => void = () => undefined;
  let was = false;
  const given = new Promise<void>((resolve) => {
    tell = resolve;
  });
  return {
    given,
    give: () => {
      was = true;
      tell();
    },
    wasGiven: () => was,
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
