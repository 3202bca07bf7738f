/** Both sides' counts of one stream (XEP-0198), so that only what was appended is acknowledged. */
export interface Acks {
  /** Starts both counts: right after our `<enable/>` for what we send, at `<enabled/>` for what comes. */
  readonly enable: () => void;
  readonly enabled: () => void;
  readonly disabled: () => void;
  readonly isEnabled: () => boolean;
  /** Counts a stanza that came; what it answers is called when the stanza has been dealt with. */
  readonly take: () => () => void;
  /** Counts a stanza of ours and answers its place. */
  readonly sent: () => number;
  /** The server has taken as many of ours. */
  readonly taken: (h: number) => void;
  /** Calls when the server has taken ours up to that place. */
  readonly until: (place: number, done: () => void) => void;
  /** Whether all of the server's were dealt with. */
  readonly isSettled: () => boolean;
  /** How many of the server's were dealt with, without a gap. */
  readonly handled: () => number;
}

/** `onProgress` is called whenever `handled` has grown. */
export function acks(onProgress: () => void): Acks {
  let counting = false;
  let on = false;
  let ours = 0;
  let theirs = 0;
  let first = 0;
  /** Whether those that came after `first` are dealt with. */
  let open: boolean[] = [];
  const waiting = new Set<{ readonly place: number; readonly done: () => void }>();

  function settle(at: number): void {
    open[at - first] = true;
    const gap = open.indexOf(false);
    const done = gap === -1 ? open.length : gap;
    if (done === 0) return;
    open = open.slice(done);
    first += done;
    onProgress();
  }

  return {
    enable: () => {
      counting = true;
      ours = 0;
    },
    enabled: () => {
      on = true;
    },
    disabled: () => {
      counting = false;
    },
    isEnabled: () => on,
    take: () => {
      if (!on) return () => undefined;
      const at = first + open.length;
      open.push(false);
      let told = false;
      return () => {
        if (!told) settle(at);
        told = true;
      };
    },
    sent: () => {
      if (counting) ours += 1;
      return ours;
    },
    taken: (h) => {
      // A server that acknowledges more than it got is not believed.
      if (!Number.isInteger(h) || h < theirs || h > ours) return;
      theirs = h;
      for (const one of waiting) {
        if (one.place > theirs) continue;
        waiting.delete(one);
        one.done();
      }
    },
    until: (place, done) => {
      const one = { place, done };
      if (place <= theirs) done();
      else waiting.add(one);
    },
    isSettled: () => open.length === 0,
    handled: () => first % 2 ** 32,
  };
}
