import type { EventLog } from "../src/event-log/event-log.ts";
import type { Log } from "../src/model/log.ts";
import { keys } from "../src/redis/keys.ts";
import type { Following, Tail } from "../src/streaming/subscriber.ts";
import { type HookSession, hookSession, type SessionDeps } from "../src/webhooks/delivery-session.ts";
import type { Claim, HookWork } from "../src/webhooks/delivery-store.ts";
import type { Post } from "../src/webhooks/post.ts";

export interface HookWorkerDeps extends Pick<SessionDeps, "wait" | "now" | "onAttempt"> {
  readonly work: HookWork;
  readonly eventLog: Pick<EventLog, "range">;
  readonly tail: Pick<Tail, "follow">;
  readonly post: Post;
  readonly log: Log;
  /** How often it looks for hooks that nobody delivers. */
  readonly everyMs?: number;
}

const EVERY_MS = 2_000;

/**
 * Delivers the hooks that no other worker delivers: takes them by a lease, follows their apps' logs, and gives them back when
 * it stops. A hook whose worker died is taken over once its lease has run out (8 s) by whoever looks next.
 */
export function hookWorker(deps: HookWorkerDeps): { readonly close: (graceMs: number) => Promise<void> } {
  const { work, eventLog, tail, post, log, everyMs = EVERY_MS } = deps;
  const sessions = new Map<string, HookSession>();
  let closed = false;

  function begin(claim: Claim): void {
    const id = `${claim.app}|${claim.name}`;
    const options = {
      ...(deps.wait ? { wait: deps.wait } : {}),
      ...(deps.now ? { now: deps.now } : {}),
      ...(deps.onAttempt ? { onAttempt: deps.onAttempt } : {}),
    };
    const session = hookSession({ claim, work, log: eventLog, post, logger: log, ...options });
    sessions.set(id, session);
    const following = follow(claim, session);
    void session.done.finally(async () => {
      if (sessions.get(id) === session) sessions.delete(id);
      (await following)?.stop();
    });
  }
  /** What comes into the log wakes the session; without it the session still looks every few seconds. */
  async function follow({ app, name }: Claim, session: HookSession): Promise<Following | undefined> {
    try {
      return await tail.follow({ app, loosely: true }, { onEvents: session.wake });
    } catch (error) {
      log.debug({ err: error, app, hook: name }, "a hook is not woken by its app's log for now");
      return undefined;
    }
  }

  async function look(): Promise<void> {
    for (const tag of keys.tags) {
      if (closed) return;
      for (const claim of await work.claim(tag)) begin(claim);
    }
  }
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  function next(): void {
    if (closed) return;
    running = look()
      .catch((error: unknown) => log.warn({ error: String(error) }, "looking for hooks failed; it is tried again"))
      .then(() => {
        if (!closed) timer = setTimeout(next, everyMs);
      });
  }
  next();

  return {
    async close(graceMs) {
      closed = true;
      clearTimeout(timer);
      await running;
      await Promise.all([...sessions.values()].map((session) => session.stop(graceMs)));
    },
  };
}
