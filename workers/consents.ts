import { Worker } from "bullmq";
import type { Accounts } from "../src/accounts/accounts.ts";
import type { Consents, Outcome } from "../src/consents/consents.ts";
import { noteOf } from "../src/failure.ts";
import { setAccountDoor } from "../src/inbound/account-door.ts";
import type { Doors } from "../src/inbound/doors.ts";
import { keys } from "../src/keys.ts";
import type { Log } from "../src/log.ts";
import { CONSENT_QUEUE, type ConsentJob, type LaneQueues } from "../src/outbox/lane-queues.ts";
import { type Egress, failureFrom, type Platform } from "../src/platform.ts";
import type { RedisClient } from "../src/redis/connect.ts";

export interface ConsentWorkerDeps {
  readonly redis: RedisClient;
  readonly consents: Pick<Consents, "open" | "settle">;
  readonly accounts: Pick<Accounts, "put">;
  readonly doors: Pick<Doors, "open" | "close">;
  readonly lanes: Pick<LaneQueues, "nudge">;
  readonly find: (platform: string) => Platform | undefined;
  readonly egress: Egress;
  readonly log: Log;
}

/** Exchanges the codes that users' consents brought, and stores the accounts: only workers see the logins. */
export function consentWorker(deps: ConsentWorkerDeps): { readonly close: () => Promise<void> } {
  const { redis, consents, accounts, doors, lanes, find, egress, log } = deps;

  async function exchanged(state: string): Promise<Outcome | undefined> {
    const begun = await consents.open(state);
    const platform = begun && find(begun.platform);
    if (!begun || !platform?.consent) return undefined;
    const { app, client, verifier, redirectUri, code } = begun;
    const online = begun.online === undefined ? {} : { online: begun.online };
    try {
      const found = await platform.consent.finish(client as never, { state, verifier, redirectUri, code }, egress);
      const stored = [];
      for (const { address, credentials } of found) {
        const { account } = await accounts.put(app, { platform: platform.id, address, credentials, ...online });
        await setAccountDoor(doors, app, platform, { id: account.id, address, credentials });
        await lanes.nudge(app, account.id);
        stored.push({ id: account.id, address });
      }
      return { accounts: stored };
    } catch (thrown) {
      const failure = failureFrom(platform, thrown);
      log.debug({ platform: platform.id, code: failure.code }, "a consent could not be finished");
      return { error: noteOf(failure) };
    }
  }

  const worker = new Worker<ConsentJob>(
    CONSENT_QUEUE,
    async ({ data: { state } }) => {
      const outcome = await exchanged(state);
      if (outcome) await consents.settle(state, outcome);
    },
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
  return { close: () => worker.close() };
}
