import type { RedisClient } from "./connect.ts";

/** A write that Redis answered but no replica confirmed in time: a failover could lose it, so it must not be confirmed. */
export class NotDurable extends Error {
  constructor(reason: string) {
    super(`The write is not confirmed by a replica: ${reason}`);
    this.name = "NotDurable";
  }
}

export interface Barrier {
  /**
   * Runs `work` (a write, or the look at an earlier one that is about to be confirmed) and resolves with its answer
   * once enough replicas hold it. `tag` is the hash tag of the written keys. Rejects with `NotDurable`; the write may
   * stand all the same. Costs nothing where no replica is expected.
   */
  readonly withReplication: <T>(tag: string, work: () => Promise<T>) => Promise<T>;
}

export interface BarrierDeps {
  /** A connection of its own: `WAIT` counts only its connection's writes and blocks it. */
  readonly client: RedisClient;
  /** How many replicas must confirm right now; 0 switches the barrier off. */
  readonly replicas: () => number;
  readonly waitMs: number;
}

/**
 * The durability barrier: `WAIT` answers for its own connection's writes only, and blocks that connection. So after a
 * script answered elsewhere, one `INCR` and one `WAIT` here cover all scripts that answered before (replication is one
 * ordered stream); callers that come while a round is under way share the next.
 */
export function durabilityBarrier(deps: BarrierDeps): Barrier {
  const rounds = new Map<string, { readonly running: Promise<string>; next?: Promise<string> }>();
  const lastHistory = new Map<string, string>();

  const covered = (tag: string): Promise<string> => {
    const state = rounds.get(tag);
    if (state !== undefined) {
      const anew = (): Promise<string> => {
        rounds.delete(tag);
        return covered(tag);
      };
      state.next ??= state.running.then(anew, anew);
      return state.next;
    }
    const fresh: { readonly running: Promise<string>; next?: Promise<string> } = { running: round(deps, tag) };
    rounds.set(tag, fresh);
    const over = (): void => {
      if (fresh.next === undefined) rounds.delete(tag);
    };
    fresh.running.then((history) => {
      lastHistory.set(tag, history);
      over();
    }, over);
    return fresh.running;
  };

  return {
    withReplication: async (tag, work) => {
      if (deps.replicas() === 0) return work();
      const key = deps.client.isCluster ? tag : "{dgm}";
      const before = lastHistory.get(key) ?? (await covered(key));
      const answer = await work();
      // After a failover the new master may lack the write although it confirms the barrier's own.
      if ((await covered(key)) !== before) throw new NotDurable("the master changed meanwhile");
      return answer;
    },
  };
}

/** One `INCR` and one `WAIT` on the node that holds the tag; answers the id of that master's replication history. */
async function round(deps: BarrierDeps, tag: string): Promise<string> {
  const wanted = deps.replicas();
  const answers = await deps.client
    .pipeline()
    .incr(`${tag}:barrier`)
    .call("WAIT", wanted, deps.waitMs)
    .call("INFO", "replication")
    .exec()
    .catch((error: unknown) => {
      throw new NotDurable(error instanceof Error ? error.message : "no answer");
    });
  for (const [error] of answers ?? []) if (error) throw new NotDurable(error.message);
  const confirmed = Number(answers?.[1]?.[1] ?? 0);
  if (confirmed < wanted) throw new NotDurable(`${confirmed} of ${wanted} replicas within ${deps.waitMs} ms`);
  return /master_replid:(\w+)/.exec(String(answers?.[2]?.[1]))?.[1] ?? "";
}
