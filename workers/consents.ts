import { setTimeout as after } from "node:timers/promises";
import { Worker } from "bullmq";
import type { Consents } from "../src/consents/consents.ts";
import { type ExchangeConsentDeps, exchangeConsent } from "../src/operations/exchange-consent.ts";
import { CONSENT_QUEUE, type ConsentJob } from "../src/outbox/lane-queues.ts";
import type { RedisClient } from "../src/redis/connect.ts";
import { keys } from "../src/redis/keys.ts";

export interface ConsentWorkerDeps extends ExchangeConsentDeps {
  readonly redis: RedisClient;
  readonly consents: Pick<Consents, "openForExchange" | "saveOutcome">;
}

/** A token server's answers are bounded in time, but a restart waits less. */
const CLOSE_MS = 10_000;

/** Exchanges the codes that users' consents brought, and stores the accounts: only workers see the logins. */
export function consentWorker(deps: ConsentWorkerDeps): { readonly close: () => Promise<void> } {
  const { redis, consents, log } = deps;

  const worker = new Worker<ConsentJob>(
    CONSENT_QUEUE,
    async ({ data: { consent } }) => consents.saveOutcome(consent, await exchangeConsent(deps, consent)),
    {
      connection: redis,
      prefix: keys.queues,
      concurrency: 10,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 100 },
    },
  );
  worker.on("error", (error) => log.debug({ error: error.message }, "worker connection fault"));
  worker.on("failed", (_job, error) => log.error({ error: error.message }, "a consent's exchange broke off"));
  return {
    close: async () => {
      await Promise.race([worker.close(), after(CLOSE_MS, undefined, { ref: false })]);
    },
  };
}
