import type { ClientCache, ClientRequest } from "../delivery/client-cache.ts";
import { accountId } from "../model/account-id.ts";
import { runEvery } from "../timing/run-every.ts";
import { AccountConnection } from "./account-connection.ts";
import { ownerMoved } from "./connection-failures.ts";
import type { AccountConnectionDeps } from "./connection-parts.ts";

export interface ShardConnectionsDeps extends AccountConnectionDeps {
  readonly shard: number;
  readonly fence: number;
  /** Interval of the checks of all stored accounts. */
  readonly checkMs?: number;
}

/** Connections of a shard's accounts, while this worker owns the shard. */
export interface ShardConnections extends Pick<ClientCache, "use"> {
  /** Connects, reconnects or disconnects an account that changed. */
  readonly notifyAccountChanged: (app: string, account: string) => void;
  readonly size: () => number;
  readonly close: () => Promise<void>;
}

/** Connects the shard's desired accounts, at once and after each check of the stored accounts. */
export function shardConnections(deps: ShardConnectionsDeps): ShardConnections {
  const { ownership, shard, fence, log, checkMs = 15_000 } = deps;
  const connections = new Map<string, AccountConnection>();
  const closing = new AbortController();

  function connectionOf(app: string, id: string): AccountConnection {
    // Nobody would end a connection that is made now.
    if (closing.signal.aborted) throw ownerMoved();
    const key = `${app}|${id}`;
    const known = connections.get(key);
    if (known) return known;
    const connection = new AccountConnection(deps, { app, id, fence });
    connections.set(key, connection);
    void connection.gone.finally(() => connections.delete(key));
    return connection;
  }

  async function checkAccounts(): Promise<void> {
    for (const connection of connections.values()) connection.recheck();
    const desired = await ownership.desiredOnline(shard);
    if (!closing.signal.aborted) for (const { app, id } of desired) connectionOf(app, id);
  }
  // Not awaited at the end: a check may hang as long as Redis does.
  void runEvery(checkMs, checkAccounts, {
    signal: closing.signal,
    onError: (err) => log.warn({ err, shard }, "account check of a shard failed; retrying"),
  });

  function notifyAccountChanged(app: string, account: string): void {
    if (closing.signal.aborted) return;
    const connection = connectionOf(app, account);
    // A connection that is ending did not see the change.
    if (!connection.recheck()) void connection.gone.then(() => notifyAccountChanged(app, account));
  }

  /** Waits for a connection that is ending: an account is never connected twice. */
  async function liveConnectionOf(app: string, id: string): Promise<AccountConnection> {
    for (;;) {
      const connection = connectionOf(app, id);
      if (!connection.isOver) return connection;
      await connection.gone;
    }
  }

  async function runOffline<T>(
    id: string,
    { app, verb }: ClientRequest,
    work: (client: unknown) => Promise<T>,
  ): Promise<T> {
    const result = await work(undefined);
    if (verb === "disconnect") connections.get(`${app}|${id}`)?.release();
    return result;
  }

  return {
    async use(platform, request, work) {
      const id = accountId(platform.id, request.address);
      if (platform.verbs[request.verb]?.runsOffline) return runOffline(id, request, work);
      const connection = await liveConnectionOf(request.app, id);
      return connection.use(request.verb === "connect", request.signal, work);
    },
    notifyAccountChanged,
    size: () => connections.size,
    async close() {
      closing.abort();
      await Promise.all([...connections.values()].map((connection) => connection.close()));
    },
  };
}
