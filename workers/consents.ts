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

/** Longest wait for running exchanges at shutdown; a token server may take longer. */
const CLOSE_TIMEOUT_MS = 10_000;

/** Exchanges the codes of users' consents and stores the accounts. Only workers see the credentials. */
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
  worker.on("error", (err) => log.debug({ err }, "consent worker lost its Redis connection"));
  worker.on("failed", (_job, err) => log.error({ err }, "consent exchange was interrupted"));
  return {
    close: async () => {
      await Promise.race([worker.close(), after(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
    },
  };
}
