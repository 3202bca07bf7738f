import type { AccountOwnership } from "../accounts/account-ownership.ts";
import type { Clients, Whose } from "../delivery/client-cache.ts";
import { accountId } from "../model/account-id.ts";
import type { Log } from "../model/log.ts";
import { type AccountConnection, type AccountConnectionDeps, accountConnection } from "./account-connection.ts";
import { notHere } from "./failures.ts";

export interface ShardSessionsDeps extends AccountConnectionDeps {
  readonly held: AccountOwnership;
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
  const sessions = new Map<string, AccountConnection>();
  let closed = false;

  function sessionOf(app: string, id: string): AccountConnection {
    // Nobody would end it.
    if (closed) throw notHere();
    const key = `${app}|${id}`;
    const known = sessions.get(key);
    if (known) return known;
    const mine = accountConnection(deps, { app, id, fence });
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

  function nudge(app: string, account: string): void {
    if (closed) return;
    const one = sessionOf(app, account);
    // It is ending, and did not see what changed now.
    if (!one.refresh()) void one.gone.then(() => nudge(app, account));
  }

  /** One that is ending is waited for: its account is never connected twice. */
  async function standing(app: string, id: string): Promise<AccountConnection> {
    for (;;) {
      const one = sessionOf(app, id);
      if (!one.isOver()) return one;
      await one.gone;
    }
  }

  async function unconnected<T>(id: string, { app, verb }: Whose, work: (client: unknown) => Promise<T>): Promise<T> {
    const done = await work(undefined);
    if (verb === "disconnect") sessions.get(`${app}|${id}`)?.letGo();
    return done;
  }

  return {
    async use(platform, whose, work) {
      const id = accountId(platform.id, whose.address);
      if (platform.verbs[whose.verb]?.runsOffline) return unconnected(id, whose, work);
      const one = await standing(whose.app, id);
      return one.use(whose.verb === "connect", whose.signal, work);
    },
    nudge,
    size: () => sessions.size,
    async close() {
      closed = true;
      clearInterval(timer);
      await Promise.all([...sessions.values()].map((one) => one.close()));
    },
  };
}
