import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

/** Activity in the record of the load client. */
export interface PostedActivity {
  readonly app: string;
  readonly lane: string;
  readonly n: number;
  readonly rid: string;
  readonly outcome: "accepted" | "refused";
  /** Id of an accepted activity. */
  readonly id?: string;
  /** Problem of a refused activity, for the message of a failing test. */
  readonly problem?: string;
  /** Unix ms of the first attempt and of the answer. */
  readonly triedAt: number;
  readonly answeredAt: number;
}

/** Attempt of a POST, with or without an answer. */
export interface PostAttempt {
  /** 0: no answer. */
  readonly status: number;
  readonly ms: number;
  readonly at: number;
  readonly retryAfter: boolean;
}

export interface LoadSettings {
  readonly base: string;
  readonly app: string;
  readonly key: string;
  readonly lanes: readonly string[];
  /** Milliseconds between two POSTs of a lane; the lanes start spread over this time. */
  readonly everyMs: number;
  /** Returns the activity without its rid. */
  readonly activity: (lane: string, n: number) => Record<string, unknown>;
}

export interface LoadClient {
  readonly posted: readonly PostedActivity[];
  readonly attempts: readonly PostAttempt[];
  /** Starts no more activities. Resolves when each started activity has its answer. */
  readonly stop: () => Promise<void>;
}

/**
 * Simulates an app under load. Each lane posts numbered activities in turn; each activity is retried with the same rid
 * until the gateway answers, after the wait that Retry-After asks for.
 */
export function loadClient(settings: LoadSettings): LoadClient {
  const book: PostedActivity[] = [];
  const tries: PostAttempt[] = [];
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const { app, lanes, everyMs } = settings;

  async function run(lane: string, index: number): Promise<void> {
    await pause((everyMs * index) / lanes.length, stopping.signal);
    for (let n = 1; !stopping.signal.aborted; n++) {
      const triedAt = Date.now();
      const rid = `${app}-${lane}-${n}`;
      const answer = await postUntilAnswered(settings, { rid, ...settings.activity(lane, n) }, tries);
      book.push({ app, lane, n, rid, triedAt, answeredAt: Date.now(), ...answer });
      await pause(everyMs - (Date.now() - triedAt), stopping.signal);
    }
  }
  const running = Promise.all(lanes.map(run));
  return {
    posted: book,
    attempts: tries,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/** Statuses of slow or too many requests, which a client retries. */
const AGAIN: readonly number[] = [408, 429];

/** Posts one activity until a 202 or a refusal that no retry changes. */
export async function postUntilAnswered(
  target: { readonly base: string; readonly key: string },
  activity: Record<string, unknown>,
  tries: PostAttempt[] = [],
): Promise<
  { readonly outcome: "accepted"; readonly id: string } | { readonly outcome: "refused"; readonly problem: string }
> {
  const body = JSON.stringify(activity);
  for (;;) {
    const at = Date.now();
    const response = await post(target, body);
    const retryAfter = response?.retryAfter;
    const ms = Date.now() - at;
    tries.push({ status: response?.status ?? 0, ms, at, retryAfter: retryAfter !== undefined });
    if (response?.status === 202) return { outcome: "accepted", id: (JSON.parse(response.text) as { id: string }).id };
    if (response && response.status < 500 && !AGAIN.includes(response.status))
      return { outcome: "refused", problem: response.text };
    await sleep(retryAfter === undefined ? 100 + Math.random() * 200 : retryAfter * 1_000);
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
  /** Seconds. */
  readonly retryAfter: number | undefined;
}

/**
 * Posts once. Resolves with undefined when no complete answer came within 10 s: the outcome is then unknown to the
 * client.
 */
async function post({ base, key }: { readonly base: string; readonly key: string }, body: string) {
  try {
    const response = await fetch(`${base}/activities`, {
      method: "POST",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      body,
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    const wait = response.headers.get("retry-after");
    return { status: response.status, text, retryAfter: wait === null ? undefined : Number(wait) } satisfies Answer;
  } catch {
    return undefined;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(Math.max(0, ms), undefined, { signal }).catch(() => undefined);
}
