import type { Log } from "../model/log.ts";
import { type Claim, type HookWork, LEASE_MS } from "./delivery-store.ts";

export interface LeaseDeps {
  readonly claim: Claim;
  readonly work: Pick<HookWork, "renew" | "release">;
  readonly logger: Log;
  /** Told of each renewal: which version of the hook there is now, and a test to send. */
  readonly onRenewed: (now: Renewed) => void;
  readonly onLost: () => void;
}
type Renewed = NonNullable<Awaited<ReturnType<HookWork["renew"]>>>;

/** A worker's hold on one hook. */
export interface Lease {
  /** False when it may have run out without our notice: then nothing more is sent. */
  readonly mine: () => boolean;
  readonly giveBack: () => Promise<void>;
}

const TICK_MS = 1_000;

/** Renews a lease every second until it is lost or given back. */
export function keepLease({ claim, work, logger, onRenewed, onLost }: LeaseDeps): Lease {
  let renewed = performance.now();
  async function renew(): Promise<void> {
    const asked = performance.now();
    const answer = await work.renew(claim);
    if (answer === undefined) return onLost();
    renewed = asked;
    onRenewed(answer);
  }
  const timer = setInterval(() => {
    renew().catch((error: unknown) => logger.warn({ err: error, hook: claim.name }, "a hook could not be renewed"));
  }, TICK_MS);
  return {
    mine: () => performance.now() - renewed < LEASE_MS - 2 * TICK_MS,
    giveBack: async () => {
      clearInterval(timer);
      await work.release(claim).catch((error: unknown) => logger.debug({ err: error }, "a lease runs out by itself"));
    },
  };
}
