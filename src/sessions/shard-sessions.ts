import { accountId } from "../accounts/account-id.ts";
import type { Clients } from "../delivery/clients.ts";
import type { Log } from "../log.ts";
import type { HeldAccounts } from "./held-accounts.ts";
import { type Session, type SessionDeps, session } from "./session.ts";

export interface ShardSessionsDeps extends SessionDeps {
  readonly held: HeldAccounts;
  readonly shard: number;
  readonly fence: number;
  readonly log: Log;
  readonly lookMs?: number;
}

/** The connections of one shard's accounts, while this worker has the shard. */
export interface ShardSessions extends Pick<Clients, "use"> {
  /** An account changed: connects, reconnects or ends its session as it now says. */
  readonly nudge: (app: string, account: string) => void;
  readonly size: () => number;
  readonly close: () => Promise<void>;
}

/** Connects what is wanted, at once and whenever a look at the stored accounts finds more. */
export function shardSessions(deps: ShardSessionsDeps): ShardSessions {
  const { held, shard, fence, log, lookMs = 15_000 } = deps;
  const sessions = new Map<string, Session>();
  let closed = false;

  function sessionOf(app: string, id: string): Session {
    const key = `${app}|${id}`;
    const known = sessions.get(key);
    if (known) return known;
    const mine = session(deps, { app, id, fence });
    sessions.set(key, mine);
    void mine.gone.finally(() => sessions.delete(key));
    return mine;
  }

  async function lookAround(): Promise<void> {
    for (const one of sessions.values()) one.refresh();
    const wanted = await held.wanted(shard);
    if (!closed) for (const { app, id } of wanted) sessionOf(app, id);
  }
  function look(): void {
    lookAround().catch((error: unknown) =>
      log.warn({ error: String(error), shard }, "accounts could not be looked at; tried again soon"),
    );
  }
  look();
  const timer = setInterval(look, lookMs);

  return {
    use: (platform, { app, address, verb }, work) => {
      if (platform.verbs[verb]?.unconnected) return work(undefined);
      return sessionOf(app, accountId(platform.id, address)).use(verb === "connect", work);
    },
    nudge(app, account) {
      if (closed) return;
      sessionOf(app, account).refresh();
    },
    size: () => sessions.size,
    async close() {
      closed = true;
      clearInterval(timer);
      await Promise.all([...sessions.values()].map((one) => one.close()));
    },
  };
}
