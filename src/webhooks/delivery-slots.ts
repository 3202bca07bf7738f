import { AppShares } from "../egress/app-shares.ts";

/**
 * Runs a request once its app and its receiver's host have a slot free.
 * Resolves with undefined, and sends nothing, when `signal` aborts first.
 */
export type DeliverySlots = <T>(
  receiver: { readonly app: string; readonly url: string },
  signal: AbortSignal,
  request: () => Promise<T>,
) => Promise<T | undefined>;

/** Requests to receivers of one app at once, per worker process. */
const MAX_REQUESTS_PER_APP = 64;
/** Of these, requests to one host. A host that hangs leaves room for the app's other receivers. */
const MAX_REQUESTS_PER_HOST = 16;

/** Creates the slots of a process. No app and no host can use up those of another. */
export function deliverySlots(): DeliverySlots {
  const apps = new AppShares(MAX_REQUESTS_PER_APP);
  const hosts = new AppShares(MAX_REQUESTS_PER_HOST);
  return async ({ app, url }, signal, request) => {
    try {
      return await hosts.run(`${app} ${new URL(url).host}`, signal, () => apps.run(app, signal, request));
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  };
}
