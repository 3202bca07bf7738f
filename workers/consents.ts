import { setTimeout as after } from "node:timers/promises";
import { Worker } from "bullmq";
import type { Accounts } from "../src/accounts/accounts.ts";
import type { BegunConsent, ConsentOutcome, Consents } from "../src/consents/consents.ts";
import { setAccountEndpoint } from "../src/inbound/account-endpoint.ts";
import type { WebhookEndpoints } from "../src/inbound/webhook-endpoints.ts";
import { toEventError } from "../src/model/failure.ts";
import type { Log } from "../src/model/log.ts";
import { CONSENT_QUEUE, type ConsentJob, type LaneQueues } from "../src/outbox/lane-queues.ts";
import type { ConsentedAccount } from "../src/platform/oauth-consent.ts";
import { type Egress, failureFrom, type Platform } from "../src/platform/platform.ts";
import type { RedisClient } from "../src/redis/connect.ts";
import { keys } from "../src/redis/keys.ts";

export interface ConsentWorkerDeps {
  readonly redis: RedisClient;
  readonly consents: Pick<Consents, "openForExchange" | "saveOutcome">;
  readonly accounts: Pick<Accounts, "put">;
  readonly endpoints: Pick<WebhookEndpoints, "open" | "close">;
  readonly lanes: Pick<LaneQueues, "notifyAccountChanged">;
  readonly find: (platform: string) => Platform | undefined;
  readonly egress: Egress;
  readonly log: Log;
}

/** What a consent that broke off with its worker comes to: its code may be used up. */
const LOST: ConsentOutcome = {
  error: { code: "internal-error", detail: "It broke off on our side: begin the consent again.", retryable: true },
};
/** A token server's answers are bounded in time, but a restart waits less. */
const CLOSE_MS = 10_000;

/** Exchanges the codes that users' consents brought, and stores the accounts: only workers see the logins. */
export function consentWorker(deps: ConsentWorkerDeps): { readonly close: () => Promise<void> } {
  const { redis, consents, find, egress, log } = deps;

  async function exchanged(consent: string): Promise<ConsentOutcome> {
    const begun = await consents.openForExchange(consent);
    const platform = begun && find(begun.platform);
    if (!begun || !platform?.oauthConsent) return LOST;
    const { client, verifier, redirectUri, code, state } = begun;
    try {
      const found = await platform.oauthConsent.finish(client as never, { state, verifier, redirectUri, code }, egress);
      return { accounts: await stored(deps, begun, platform, found) };
    } catch (thrown) {
      const failure = failureFrom(platform, thrown);
      const why = { platform: platform.id, code: failure.code, platformCode: failure.platformCode };
      log.info(why, "a consent could not be finished");
      return { error: toEventError(failure) };
    }
  }

  const worker = new Worker<ConsentJob>(
    CONSENT_QUEUE,
    async ({ data: { consent } }) => consents.saveOutcome(consent, await exchanged(consent)),
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

/** As `PUT /accounts` stores them. */
async function stored(
  { accounts, endpoints: doors, lanes }: ConsentWorkerDeps,
  { app, online }: BegunConsent,
  platform: Platform,
  found: readonly ConsentedAccount[],
) {
  const all: Array<{ readonly id: string; readonly address: string }> = [];
  for (const { address, credentials } of found) {
    const wanted = online === undefined ? {} : { online };
    const { account } = await accounts.put(app, { platform: platform.id, address, credentials, ...wanted });
    await setAccountEndpoint(doors, app, platform, { id: account.id, address, credentials });
    if (platform.connect !== undefined) await lanes.notifyAccountChanged(app, account.id);
    all.push({ id: account.id, address });
  }
  return all;
}
