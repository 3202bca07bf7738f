import type { Log } from "../model/log.ts";
import { runEvery } from "../timing/run-every.ts";
import { type DeliveryStore, LEASE_MS, type RenewedLease, type WebhookLease } from "./delivery-store.ts";

export interface LeaseKeeperDeps {
  readonly lease: WebhookLease;
  readonly store: Pick<DeliveryStore, "renew" | "release">;
  readonly logger: Log;
  readonly onRenewed: (lease: RenewedLease) => void;
  readonly onLost: () => void;
}

/** Keeps a worker's lease of one webhook. */
export interface LeaseKeeper {
  /** False when the lease may have expired unnoticed: then nothing more is sent. */
  readonly isOwner: () => boolean;
  readonly release: () => Promise<void>;
}

const RENEW_INTERVAL_MS = 1_000;

/** Renews a lease every second until the lease is lost or released. */
export function keepLease({ lease, store, logger, onRenewed, onLost }: LeaseKeeperDeps): LeaseKeeper {
  const { app, name: webhook } = lease;
  let renewedAt = performance.now();
  async function renew(): Promise<void> {
    const requestedAt = performance.now();
    const extended = await store.renew(lease);
    if (extended === undefined) return onLost();
    renewedAt = requestedAt;
    onRenewed(extended);
  }
  const stopping = new AbortController();
  const renewals = runEvery(RENEW_INTERVAL_MS, renew, {
    signal: stopping.signal,
    immediately: false,
    onError: (err) => logger.warn({ err, app, webhook }, "webhook lease renewal failed; retrying"),
  });
  return {
    isOwner: () => performance.now() - renewedAt < LEASE_MS - 2 * RENEW_INTERVAL_MS,
    release: async () => {
      stopping.abort();
      await renewals;
      await store
        .release(lease)
        .catch((err: unknown) => logger.debug({ err, app, webhook }, "webhook lease not released; it will expire"));
    },
  };
}
