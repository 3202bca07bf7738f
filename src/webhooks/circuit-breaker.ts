import type { EventError } from "../model/failure.ts";
import { GIVE_UP_MS, nextWait } from "./backoff.ts";
import type { Health } from "./delivery-store.ts";
import type { Post, Receiver, Verdict } from "./post.ts";
import type { Delivery } from "./webhook.ts";

export interface EffortDeps {
  readonly post: Post;
  readonly to: Receiver;
  readonly signal: AbortSignal;
  /** False when the lease may have run out: then nothing more is sent. */
  readonly mine: () => boolean;
  readonly now: () => number;
  readonly random: () => number;
  /** For tests; see patience.ts. */
  readonly wait?: typeof nextWait;
  readonly onAttempt?: (delivered: boolean) => void;
}

/** The attempts of one turn and how the receiver does after them. */
export interface Effort {
  /** Undefined: broken off by us, which says nothing of the receiver. */
  readonly attempt: (
    item: { readonly id: string; readonly json: string },
    attempt: number,
  ) => Promise<Verdict | undefined>;
  /** Nothing more should be sent now: the receiver is down, gone or out of our hands. */
  readonly halted: () => boolean;
  readonly health: () => Health;
  readonly deliveries: readonly Delivery[];
  /** Why the hook is to be switched off, if it is. */
  readonly disable: () => EventError | undefined;
}

/** After so many conversations failed in a row the receiver counts as down: one probe at a time, until one is taken. */
export const MISSES_MOST = 5;
/** Probes come at least every quarter of an hour, so that a receiver that is back waits no longer. */
const PROBES_BACKOFF = 8;

/** Makes attempts and keeps count, from how things stood before. */
export function effort(before: Health, deps: EffortDeps): Effort {
  const { post, to, signal, mine, now, random, wait = nextWait } = deps;
  const deliveries: Delivery[] = [];
  const probing = before.misses >= MISSES_MOST;
  let health = before;
  let disable: EventError | undefined;

  function count(verdict: Verdict, attempt: number): void {
    if (verdict.delivered) {
      health = { misses: 0, retryAt: 0 };
      return;
    }
    const { retryAfterMs } = verdict;
    const failing = health.failing ?? now();
    const misses = missesAfter(attempt, retryAfterMs !== undefined);
    const probes = Math.min(misses - MISSES_MOST + 1, PROBES_BACKOFF);
    const retryAt = probes > 0 ? now() + wait(probes, random(), retryAfterMs) : 0;
    health = { failing, misses, retryAt: Math.max(retryAt, health.retryAt) };
    if (verdict.gone || now() - failing >= GIVE_UP_MS) disable = verdict.error;
  }
  /** Only first tries count, so that one event that nobody can take does not hold up all the others. */
  function missesAfter(attempt: number, asked: boolean): number {
    if (probing) return health.misses + 1;
    // Who says when to come back speaks for all that is sent there.
    return asked ? MISSES_MOST : Math.min(health.misses + (attempt === 1 ? 1 : 0), MISSES_MOST);
  }

  return {
    attempt: async (item, attempt) => {
      const at = new Date(now()).toISOString();
      const verdict = await post(to, item.id, item.json, signal);
      if (signal.aborted && !verdict.delivered) return undefined;
      count(verdict, attempt);
      deliveries.push(deliveryOf(item, verdict, at, attempt));
      deps.onAttempt?.(verdict.delivered);
      return verdict;
    },
    halted: () => health.misses >= MISSES_MOST || disable !== undefined || signal.aborted || !mine(),
    health: () => health,
    deliveries,
    disable: () => disable,
  };
}

/** An attempt as it is remembered. */
export function deliveryOf(
  { id, json }: { readonly id: string; readonly json: string },
  { delivered, status, error, ms }: Verdict,
  at: string,
  attempt: number,
): Delivery {
  const { type } = JSON.parse(json) as { readonly type: string };
  return {
    id,
    type,
    at,
    ms,
    attempt,
    delivered,
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error }),
  };
}
