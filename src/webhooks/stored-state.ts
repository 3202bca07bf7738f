import type { ReceiverHealth } from "./delivery-store.ts";

/** Health as the webhook's record stores it, in JSON. */
interface StoredHealth {
  readonly failing?: number;
  readonly misses: number;
  readonly retryAt: number;
}

/** Parses stored health; no health means a healthy receiver. */
export function parseHealth(json: string | undefined): ReceiverHealth {
  if (json === undefined) return { consecutiveFailures: 0, retryAt: 0 };
  const { failing, misses, retryAt } = JSON.parse(json) as StoredHealth;
  return { consecutiveFailures: misses, retryAt, ...(failing === undefined ? {} : { failingSince: failing }) };
}

/** Returns health as JSON for the webhook's record. */
export function formatHealth({ failingSince, consecutiveFailures, retryAt }: ReceiverHealth): string {
  const stored: StoredHealth = { misses: consecutiveFailures, retryAt };
  return JSON.stringify(failingSince === undefined ? stored : { failing: failingSince, ...stored });
}
