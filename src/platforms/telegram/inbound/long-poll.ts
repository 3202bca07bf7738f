import { setTimeout as delay } from "node:timers/promises";
import type { ConnectionContext } from "../../../platform/connection.ts";
import { backoff } from "../../../timing/backoff.ts";
import type { Client } from "../client/client.ts";
import type { Credentials } from "../credentials.ts";
import { classifyError, recordOf } from "../errors.ts";
import { ALLOWED_UPDATES, eventsOf } from "./updates.ts";

/** Seconds that Telegram holds a request without updates. */
const HOLD_SECONDS = 50;
const PAGE = 100;
/** Failed requests in a row after which the connection counts as lost. The core then connects again with backoff. */
const MAX_FAILURES = 5;
const OFFSET = "offset";

/**
 * Reads updates by long polling until the signal aborts. One worker per account (the owner of the connection).
 * The offset is stored with the last event of each update, so that a new owner neither repeats nor misses one.
 */
export async function longPoll(
  client: Client,
  context: ConnectionContext<Credentials>,
  signal: AbortSignal,
): Promise<void> {
  const wait = backoff({ baseMs: 1_000, maxMs: 30_000 });
  let { offset = 0 } = { offset: Number((await context.state.read())[OFFSET] ?? 0) };
  for (let failures = 0; !signal.aborted; ) {
    try {
      const updates = await nextPage(client, offset, signal);
      for (const update of updates) offset = await record(update, offset, context, client);
      failures = 0;
    } catch (thrown) {
      if (signal.aborted) return;
      failures += 1;
      const failure = classifyError(thrown);
      if (failure.kind === "auth" || failures >= MAX_FAILURES) return context.onDisconnected(failure);
      context.log.debug({ err: failure, account: context.address, failures }, "telegram poll failed; retrying");
      await delay(failure.retryAfterMs ?? wait(failures), undefined, { signal }).catch(() => undefined);
    }
  }
}

async function nextPage(client: Client, offset: number, signal: AbortSignal): Promise<readonly unknown[]> {
  const parameters = { offset, limit: PAGE, timeout: HOLD_SECONDS, allowed_updates: ALLOWED_UPDATES };
  const timeoutMs = (HOLD_SECONDS + 20) * 1_000;
  const page = await client.request({ method: "getUpdates", parameters, signal, isIdempotent: true, timeoutMs });
  return Array.isArray(page) ? page : [];
}

/** Records the events of one update and the offset behind it; answers that offset. */
async function record(
  update: unknown,
  offset: number,
  { record: append, state, address, log }: ConnectionContext<Credentials>,
  client: Client,
): Promise<number> {
  const { update_id, callback_query } = recordOf(update);
  if (!Number.isSafeInteger(update_id)) return offset;
  const next = Number(update_id) + 1;
  const events = eventsOf(update, address);
  const value = String(next);
  for (const [index, event] of events.entries())
    await append(index === events.length - 1 ? { ...event, state: { name: OFFSET, value } } : event);
  if (events.length === 0) await state.write(OFFSET, value);
  const query = recordOf(callback_query).id;
  if (query !== undefined) {
    const request = { method: "answerCallbackQuery", parameters: { callback_query_id: query }, isIdempotent: true };
    // Only ends the progress mark on the button; the event is stored already.
    await client
      .request({ ...request, signal: AbortSignal.timeout(10_000) })
      .catch((err: unknown) => log.debug({ err, account: address }, "telegram button press could not be answered"));
  }
  return next;
}
