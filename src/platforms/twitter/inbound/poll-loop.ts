import { setTimeout as wait } from "node:timers/promises";
import type { Failure } from "../../../model/failure.ts";
import type { ConnectionContext } from "../../../platform/connection.ts";
import { failureWith } from "../../../platform/kit/error-table.ts";
import type { Client } from "../client/client.ts";
import type { Coverage } from "../client/stream-coverage.ts";
import type { Credentials } from "../credentials.ts";
import { classifyError } from "../errors.ts";
import { sourceOf } from "./pages.ts";
import { recordNewItems, type Subscription } from "./record-items.ts";

/** Bounds of the pause between two polls of a subscription. New items shorten the pause; without any the pause grows. */
export interface PollInterval {
  readonly minMs: number;
  readonly maxMs: number;
}
export const POLL_INTERVAL: PollInterval = { minMs: 20_000, maxMs: 300_000 };
/** Shortest pause for messages, which X lets an account read 15 times in 15 minutes. */
const MESSAGES_MIN_MS = 61_000;

interface PollLoop {
  readonly subscription: Subscription;
  readonly interval: PollInterval;
  /** Returns the stream's coverage of the subscription, if any. */
  readonly coverage: () => Coverage | undefined;
}

/** Polls a subscription until the signal aborts. Throws only an invalid login, which no waiting cures. */
export async function pollLoop(
  context: ConnectionContext<Credentials>,
  client: Client,
  { subscription, interval, coverage }: PollLoop,
  signal: AbortSignal,
): Promise<void> {
  const { name } = subscription;
  const { maxMs } = interval;
  const minMs = name === "messages" ? Math.max(interval.minMs, Math.min(MESSAGES_MIN_MS, maxMs)) : interval.minMs;
  let pauseMs = minMs;
  while (!signal.aborted) {
    try {
      const covered = coverage();
      // Posts from just before the stream began must first show up in X's search.
      if (covered) await pause(covered.since + minMs - Date.now(), signal, covered.ended);
      const source = await sourceOf(client, name, signal);
      const count = await recordNewItems(context, client, source, subscription, signal);
      pauseMs = count > 0 ? minMs : Math.min(maxMs, pauseMs * 1.5);
      pauseMs = Math.max(pauseMs, client.spacingMs(`GET ${source.path}`));
      if (covered && (await waitForCoverageEnd(subscription, covered, signal))) continue;
    } catch (thrown) {
      if (signal.aborted) return;
      pauseMs = retryDelay(thrown) ?? Math.min(maxMs, pauseMs * 2);
    }
    await pause(pauseMs, signal);
  }

  function retryDelay(thrown: unknown): number | undefined {
    const failure = classifyError(thrown);
    if (failure.kind === "auth") throw retryableIfExpired(failure);
    context.log.info(
      { err: failure, subscription: name.split(":")[0] },
      "x subscription could not be polled; retrying",
    );
    return failure.retryAfterMs;
  }
}

/** Waits while the stream covers the subscription; returns false when the coverage had ended already. */
async function waitForCoverageEnd(
  subscription: Subscription,
  covered: Coverage,
  signal: AbortSignal,
): Promise<boolean> {
  if (covered.ended.aborted) return false;
  subscription.caughtUp = covered;
  const ended = AbortSignal.any([signal, covered.ended]);
  await new Promise<void>((resolve) => {
    if (ended.aborted) resolve();
    else ended.addEventListener("abort", () => resolve(), { once: true });
  });
  subscription.caughtUp = undefined;
  return true;
}

async function pause(ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
  await wait(Math.max(0, ms), undefined, { signal: AbortSignal.any([...signals]) }).catch(() => undefined);
}

/**
 * Makes expired credentials retryable. Another worker may have renewed them meanwhile: the connection is made anew with the
 * stored ones, and only X's refusal of those is final.
 */
function retryableIfExpired(failure: Failure): Failure {
  return failure.code === "credentials-expired" ? failureWith(failure, { kind: "retryable" }) : failure;
}
