import { setTimeout as after } from "node:timers/promises";
import { DelayedError, Worker } from "bullmq";
import type { Consents } from "../src/consents/consents.ts";
import { type ExchangeConsentDeps, exchangeConsent } from "../src/operations/exchange-consent.ts";
import { CONSENT_QUEUE, type ConsentJob } from "../src/outbox/lane-queues.ts";
import type { RedisClient } from "../src/redis/connect.ts";
import { keys } from "../src/redis/keys.ts";

export interface ConsentWorkerDeps extends ExchangeConsentDeps {
  readonly redis: RedisClient;
  readonly consents: Pick<Consents, "openForExchange" | "saveOutcome">;
}

/** Exchanges of one app at once in this process. Further ones wait, without effect on other apps. */
const MAX_EXCHANGES_PER_APP = 4;
const MAX_EXCHANGES = 100;
/** Pause before an exchange that waits for its app's share is tried again. */
const SHARE_RETRY_MS = 250;
/** Longest wait for running exchanges at shutdown; a token server may take longer. */
const CLOSE_TIMEOUT_MS = 10_000;

/** Exchanges the codes of users' consents and stores the accounts. Only workers see the credentials. */
export function consentWorker(deps: ConsentWorkerDeps): { readonly close: () => Promise<void> } {
  const { redis, consents, log } = deps;
  const running = new Map<string, number>();

  async function exchange({ consent, app }: ConsentJob): Promise<void> {
    running.set(app, (running.get(app) ?? 0) + 1);
    try {
      await consents.saveOutcome(consent, await exchangeConsent(deps, consent));
    } finally {
      const left = (running.get(app) ?? 1) - 1;
      if (left === 0) running.delete(app);
      else running.set(app, left);
    }
  }

  const worker = new Worker<ConsentJob>(
    CONSENT_QUEUE,
    async (job, token) => {
      if ((running.get(job.data.app) ?? 0) < MAX_EXCHANGES_PER_APP) return exchange(job.data);
      await job.moveToDelayed(Date.now() + SHARE_RETRY_MS, token);
      throw new DelayedError();
    },
    {
      connection: redis,
      prefix: keys.queues,
      concurrency: MAX_EXCHANGES,
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
