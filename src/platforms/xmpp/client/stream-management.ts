/** Stanza counts of both sides of a stream (XEP-0198). Only recorded stanzas are acknowledged. */
export interface StreamManagement {
  /** Starts counting sent stanzas; called right after our `<enable/>`. */
  readonly startCountingSent: () => void;
  readonly stopCountingSent: () => void;
  /** Starts counting received stanzas; called at the server's `<enabled/>`. */
  readonly startCountingReceived: () => void;
  readonly isEnabled: () => boolean;
  /** Counts a received stanza; returns a function to call when the stanza was handled. */
  readonly received: () => () => void;
  /** Counts a sent stanza; returns the stanza's sequence number. */
  readonly sent: () => number;
  /** Takes the server's acknowledgement of all sent stanzas up to `h`. */
  readonly acknowledged: (h: number) => void;
  /** Calls back when the server has acknowledged that sequence number. */
  readonly onAcknowledged: (sequence: number, callback: () => void) => void;
  readonly isAllHandled: () => boolean;
  /** Returns the number of handled stanzas without a gap, modulo 2^32. */
  readonly handledCount: () => number;
}

/** Creates the counters of a stream; calls `onProgress` whenever `handledCount` has grown. */
export function streamManagement(onProgress: () => void): StreamManagement {
  let countsSent = false;
  let countsReceived = false;
  let sentCount = 0;
  let acknowledgedCount = 0;
  let handledCount = 0;
  /** Received stanzas after `handledCount`: whether each was handled. */
  let unsettled: boolean[] = [];
  const waiting = new Set<{ readonly sequence: number; readonly callback: () => void }>();

  function markHandled(index: number): void {
    unsettled[index - handledCount] = true;
    const gap = unsettled.indexOf(false);
    const settled = gap === -1 ? unsettled.length : gap;
    if (settled === 0) return;
    unsettled = unsettled.slice(settled);
    handledCount += settled;
    onProgress();
  }

  return {
    startCountingSent: () => {
      countsSent = true;
      sentCount = 0;
    },
    stopCountingSent: () => {
      countsSent = false;
    },
    startCountingReceived: () => {
      countsReceived = true;
    },
    isEnabled: () => countsReceived,
    received: () => {
      if (!countsReceived) return () => undefined;
      const index = handledCount + unsettled.length;
      unsettled.push(false);
      let isMarked = false;
      return () => {
        if (!isMarked) markHandled(index);
        isMarked = true;
      };
    },
    sent: () => {
      if (countsSent) sentCount += 1;
      return sentCount;
    },
    acknowledged: (h) => {
      // A server that acknowledges more than was sent is not believed.
      if (!Number.isInteger(h) || h < acknowledgedCount || h > sentCount) return;
      acknowledgedCount = h;
      for (const waiter of waiting) {
        if (waiter.sequence > acknowledgedCount) continue;
        waiting.delete(waiter);
        waiter.callback();
      }
    },
    onAcknowledged: (sequence, callback) => {
      if (sequence <= acknowledgedCount) callback();
      else waiting.add({ sequence, callback });
    },
    isAllHandled: () => unsettled.length === 0,
    handledCount: () => handledCount % 2 ** 32,
  };
}
