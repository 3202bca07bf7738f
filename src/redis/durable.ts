import type { RedisClient } from "./connect.ts";

/** A write that no replica confirmed in time. A failover could lose such a write, so the caller must not confirm it. */
export class NotDurable extends Error {
  constructor(reason: string) {
    super(`The write is not confirmed by a replica: ${reason}`);
    this.name = "NotDurable";
  }
}

export interface Barrier {
  /**
   * Runs a write and resolves with the answer once enough replicas hold it. `work` may also read an earlier write that
   * is about to be confirmed. `tag` is the hash tag of the written keys. Rejects with `NotDurable`; the write may stand
   * all the same. Costs nothing where no replica is expected.
   */
  readonly withReplication: <T>(tag: string, work: () => Promise<T>) => Promise<T>;
}

export interface BarrierDeps {
  /** A dedicated connection: `WAIT` counts only the writes of the connection it blocks. */
  readonly client: RedisClient;
  /** Returns the number of replicas that must confirm right now; 0 switches the barrier off. */
  readonly replicas: () => number;
  readonly waitMs: number;
}

/**
 * Makes the durability barrier. `WAIT` covers writes of its own connection only, and blocks that connection. So after
 * scripts answered elsewhere, one `INCR` and one `WAIT` here cover all of them (replication is one ordered stream).
 * Callers that come while a round is under way share the next round.
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
    const current: { readonly running: Promise<string>; next?: Promise<string> } = { running: confirmRound(deps, tag) };
    rounds.set(tag, current);
    const over = (): void => {
      if (current.next === undefined) rounds.delete(tag);
    };
    current.running.then((history) => {
      lastHistory.set(tag, history);
      over();
    }, over);
    return current.running;
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

/** Sends `INCR` and `WAIT` to the tag's node. Returns the id of that master's replication history. */
async function confirmRound(deps: BarrierDeps, tag: string): Promise<string> {
  const required = deps.replicas();
  const answers = await deps.client
    .pipeline()
    .incr(`${tag}:barrier`)
    .call("WAIT", required, deps.waitMs)
    .call("INFO", "replication")
    .exec()
    .catch((error: unknown) => {
      throw new NotDurable(error instanceof Error ? error.message : "no answer");
    });
  for (const [error] of answers ?? []) if (error) throw new NotDurable(error.message);
  const confirmed = Number(answers?.[1]?.[1] ?? 0);
  if (confirmed < required) throw new NotDurable(`${confirmed} of ${required} replicas within ${deps.waitMs} ms`);
  return /master_replid:(\w+)/.exec(String(answers?.[2]?.[1]))?.[1] ?? "";
}
