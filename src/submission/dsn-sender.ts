import type { Caller } from "../model/caller.ts";
import type { Log } from "../model/log.ts";
import { Refusal } from "../model/refusal.ts";
import type { SubmitActivity } from "../operations/submit-activity.ts";
import type { Outbox } from "../outbox/outbox.ts";
import type { PendingDsn, PendingDsns } from "../outbox/pending-dsns.ts";
import { keys } from "../redis/keys.ts";
import { runEvery } from "../timing/run-every.ts";
import { dsnActivity } from "./dsn.ts";
import { isPassing } from "./smtp-refusal.ts";

export interface DsnSenderDeps {
  readonly pending: PendingDsns;
  readonly outbox: Pick<Outbox, "find">;
  readonly submit: SubmitActivity;
  /** Name of the reporting mail system. */
  readonly domain: string;
  readonly log: Log;
}

export interface DsnSender {
  readonly stop: () => Promise<void>;
}

const EVERY_MS = 2_000;
/** Notifications of a tag in one round. */
const BATCH = 50;

/**
 * Submits the notifications that are due, as activities of the apps. Any number of processes may do so: the rid of a
 * notification follows from the mail's rid. A notification that can't be accepted now stays for the next round; a final
 * refusal is logged.
 */
export function dsnSender({ pending, outbox, submit, domain, log }: DsnSenderDeps): DsnSender {
  async function sendOne(due: PendingDsn): Promise<void> {
    const { app, rid, request } = due;
    const record = await outbox.find(app, rid);
    // Finished records expire; then no result is left to report.
    const activity =
      record?.result && dsnActivity({ rid, request, result: record.result, acceptedAt: record.acceptedAt, domain });
    try {
      if (activity) await submit(callerOf(app), activity);
    } catch (err) {
      if (!(err instanceof Refusal) || isPassing(err)) throw err;
      // The rid's other holder is this notification, as another version of the gateway wrote it.
      if (err.code !== "rid-reused") log.warn({ err, app, rid }, "delivery status notification was refused");
    }
    await pending.remove(due);
  }

  /** Submits what is due. A round has at most one line of the log, however many notifications have to wait. */
  async function round(): Promise<void> {
    const failures: unknown[] = [];
    for (const tag of keys.tags) {
      const due = await pending.list(tag, BATCH);
      for (const outcome of await Promise.allSettled(due.map(sendOne)))
        if (outcome.status === "rejected") failures.push(outcome.reason);
    }
    if (failures.length > 0) later(failures[0], failures.length);
  }

  function later(err: unknown, failed = 1): void {
    log.warn({ err, failed }, "delivery status notifications failed; retrying");
  }

  const ending = new AbortController();
  const onError = (err: unknown): void => later(err);
  const running = runEvery(EVERY_MS, round, { signal: ending.signal, onError, immediately: false });
  return {
    stop: () => {
      ending.abort();
      return running;
    },
  };
}

/** Makes the caller for an app, as by an API key. */
function callerOf(app: string): Caller {
  return { app, via: "key", keyId: "", scopes: new Set(["send"]), limits: {}, cookie: false };
}
