import { setMaxListeners } from "node:events";
import type { EventLog } from "../event-log/event-log.ts";
import type { Log } from "../model/log.ts";
import { type ServerClock, serverClock } from "../timing/server-clock.ts";
import { wakeSignal } from "../timing/wake-signal.ts";
import type { retryDelayMs } from "./backoff.ts";
import { type CircuitBreakerDeps, deliveryOf } from "./circuit-breaker.ts";
import { deliveryRound } from "./delivery-round.ts";
import { type DeliveryState, deliveryStateFrom } from "./delivery-state.ts";
import type { DeliveryStore, WebhookLease } from "./delivery-store.ts";
import { keepLease } from "./lease.ts";

export interface DeliveryLoopDeps extends Pick<CircuitBreakerDeps, "post" | "slots" | "onAttempt"> {
  readonly lease: WebhookLease;
  readonly store: DeliveryStore;
  readonly log: Pick<EventLog, "range">;
  readonly logger: Log;
  /** Replaced by tests, as are `random` and `delay`. Default: Redis' clock. */
  readonly now?: () => number;
  readonly random?: () => number;
  readonly delay?: typeof retryDelayMs;
}

/** A loop's parts, with its clock. */
export interface ClockedLoopDeps extends DeliveryLoopDeps {
  readonly clock: ServerClock;
  readonly now: () => number;
}

/** Delivery of one webhook by this worker. */
export interface DeliveryLoop {
  /** Tells the loop that the log may have new events. */
  readonly wake: () => void;
  /** Finishes running requests within `graceMs`, commits their results and releases the lease. */
  readonly stop: (graceMs: number) => Promise<void>;
  /** Resolves at the end: lease lost, webhook deleted or disabled, or stopped. */
  readonly done: Promise<void>;
}

const ERROR_PAUSE_MS = 500;

/** Changing state of a loop. `isStale`: Redis may know more than `state`. */
interface LoopState {
  state: DeliveryState | undefined;
  isStale: boolean;
  isOver: boolean;
}

interface LoopActions {
  readonly isOwner: () => boolean;
  readonly end: () => void;
  readonly runRound: ReturnType<typeof deliveryRound>;
}

/** Delivers one webhook for as long as the lease lasts. */
export function deliveryLoop(options: DeliveryLoopDeps): DeliveryLoop {
  const clock = serverClock();
  const deps: ClockedLoopDeps = { ...options, clock, now: options.now ?? clock.now };
  const { lease, store, logger } = deps;
  const stopping = new AbortController();
  // Each request under way listens to it.
  setMaxListeners(0, stopping.signal);
  const signal = wakeSignal();
  const loop: LoopState = { state: undefined, isStale: true, isOver: false };

  function end(): void {
    loop.isOver = true;
    stopping.abort(new Error("the webhook's lease is lost"));
    signal.notify();
  }
  const leaseKeeper = keepLease({
    lease,
    store,
    logger,
    onLost: end,
    onRenewed: ({ version, replayGeneration, test, now }) => {
      clock.set(now);
      const { state } = loop;
      if (state === undefined) return;
      if (version !== state.snapshot.version || replayGeneration !== state.snapshot.replayGeneration) {
        loop.isStale = true;
        signal.notify();
      }
      if (test) void sendTest(deps, state, test, stopping.signal);
    },
  });
  const isOwner = (): boolean => !loop.isOver && leaseKeeper.isOwner();
  const runRound = deliveryRound(deps, { signal: stopping.signal, isOwner });

  const iterate = () => iterateOnce(deps, loop, { isOwner, end, runRound });
  async function run(): Promise<void> {
    while (!loop.isOver) {
      const waitMs = await iterate().catch((err: unknown) => {
        logger.warn({ err, webhook: lease.name, app: lease.app }, "webhook delivery round failed; retrying");
        // Only Redis knows whether the commit was written, so the state is loaded anew.
        loop.isStale = true;
        return ERROR_PAUSE_MS;
      });
      if (!loop.isOver) await signal.wait(waitMs);
    }
  }

  const done = run().finally(leaseKeeper.release);
  return {
    wake: signal.notify,
    done,
    stop: async (graceMs) => {
      loop.isOver = true;
      signal.notify();
      const abortTimer = setTimeout(() => stopping.abort(new Error("shutting down")), graceMs);
      await done;
      clearTimeout(abortTimer);
    },
  };
}

/** Loads the state where necessary and runs one round. Returns the milliseconds until the next. */
async function iterateOnce(
  { store, lease, clock }: ClockedLoopDeps,
  loop: LoopState,
  { isOwner, end, runRound }: LoopActions,
): Promise<number> {
  if (loop.isStale || loop.state === undefined) {
    loop.isStale = false;
    const snapshot = await store.load(lease);
    if (snapshot) {
      clock.set(snapshot.now);
      loop.state = deliveryStateFrom(snapshot);
    } else end();
  }
  if (loop.state === undefined || !isOwner()) return ERROR_PAUSE_MS;
  const result = await runRound(loop.state);
  if (result.outcome === "over") end();
  else if (result.outcome === "replayed") loop.isStale = true;
  else loop.state = result.state;
  return result.outcome === "continued" ? result.waitMs : 0;
}

async function sendTest(
  { post, slots, store, lease, logger, now }: ClockedLoopDeps,
  { snapshot }: DeliveryState,
  [id, json]: readonly [id: string, json: string],
  signal: AbortSignal,
): Promise<void> {
  const receiver = { ...snapshot, app: lease.app };
  let at = 0;
  const result = await slots(receiver, signal, () => {
    at = now();
    return post(receiver, { id, json, at }, signal);
  });
  if (result === undefined) return;
  await store
    .recordDelivery(lease, deliveryOf({ id, json }, result, at, 1))
    .catch((err: unknown) =>
      logger.warn({ err, webhook: lease.name, app: lease.app }, "result of a test delivery could not be stored"),
    );
}
