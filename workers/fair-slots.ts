/** A drainer's access to the slots that it shares with others. */
export interface SlotSeat {
  /** Takes up to `limit` slots; 0 where others wait longer. Then `onTurn` is called once a slot is free. */
  readonly take: (limit: number) => number;
  /** Returns slots, used or not. */
  readonly giveBack: (count: number) => void;
  /** Gives up the place in the waiting line. */
  readonly withdraw: () => void;
}

/** Slots of a worker: each holds one lane under way. */
export interface FairSlots {
  readonly join: (onTurn: () => void) => SlotSeat;
}

interface Waiter {
  readonly onTurn: () => void;
}

/**
 * Makes `total` slots that drainers take in turn. Where slots are scarce, the drainer that waits longest is next, so that
 * a shard with many ready lanes can't keep the slots from others.
 */
export function fairSlots(total: number): FairSlots {
  let free = total;
  const line = new Set<Waiter>();

  function callNext(): void {
    if (free === 0) return;
    const [next] = line;
    next?.onTurn();
  }

  return {
    join(onTurn) {
      const self: Waiter = { onTurn };
      const isFirst = (): boolean => line.size === 0 || [...line.keys()][0] === self;
      return {
        take(limit) {
          if (free === 0 || !isFirst()) {
            line.add(self);
            return 0;
          }
          line.delete(self);
          // At most half, so that a shard that becomes ready meanwhile need not wait for this claim's answer.
          const count = Math.min(limit, Math.ceil(free / (line.size + 2)));
          free -= count;
          callNext();
          return count;
        },
        giveBack(count) {
          free += count;
          if (count > 0) callNext();
        },
        withdraw() {
          const wasFirst = isFirst();
          line.delete(self);
          if (wasFirst) callNext();
        },
      };
    },
  };
}
