import { type OwnedAccount, type Owner, OwnershipLost } from "../accounts/account-ownership.ts";
import { accountUnknown } from "../accounts/account-unknown.ts";
import { renewalOf } from "../accounts/credential-renewal.ts";
import type { Failure } from "../model/failure.ts";
import type { FairSemaphore } from "../platform/kit/semaphore.ts";
import type { Platform } from "../platform/platform.ts";
import { backoff } from "./backoff.ts";
import { type ConnectionAttempt, connectionAttempt } from "./connection-attempt.ts";
import { connectionContext, type LineDeps } from "./connection-context.ts";
import { signal } from "./deferred-event.ts";
import { demand } from "./demand.ts";
import { notHere, refusalOf, unheld } from "./failures.ts";
import { phases } from "./phase.ts";
import { voice } from "./state-publisher.ts";

export interface AccountConnectionDeps extends LineDeps {
  /** So many accounts may dial at once. */
  readonly dialling: FairSemaphore;
  readonly find: (platform: string) => Platform | undefined;
  /** How long an account stays connected that is not wanted online, after its last work. */
  readonly idleMs?: number;
  readonly random?: () => number;
}

/** One account's connection for as long as this worker has its shard: dials, dials again, and says how it stands. */
export interface AccountConnection {
  /**
   * Runs work with the connected client, waiting while it is being made until `signal` aborts. Rejects with a `Failure`
   * where it can't be made now; `insist` tries again also after a final refusal.
   */
  readonly use: <T>(insist: boolean, signal: AbortSignal, work: (client: unknown) => Promise<T>) => Promise<T>;
  /** The stored account may have changed: looks at it anew. Answers false when it is over and looks no more. */
  readonly refresh: () => boolean;
  /** What it did lately no longer keeps it connected. */
  readonly letGo: () => void;
  readonly isOver: () => boolean;
  /** Leaves the account to others, without an event. */
  readonly close: () => Promise<void>;
  /** Resolves when there is nothing left of it. */
  readonly gone: Promise<void>;
}

const CONNECT_MS = 60_000;
/** A connection that lasted so long was a good one: the next try is the first again. */
const LASTED_MS = 60_000;

/** Starts at once. Network faults are tried again with backoff; `auth` and `permanent` ones are final, see `Platform.hold`. */
export function accountConnection(deps: AccountConnectionDeps, holder: Owner): AccountConnection {
  const { held, log, dialling, idleMs = 300_000, random = Math.random } = deps;
  const phase = phases();
  const { wanted, begin, end: done, letGo } = demand(idleMs);
  const { tell, end, leave } = voice(held, holder);
  const closing = new AbortController();
  /** Failed ones in a row. */
  let tries = 0;
  let insisted = false;
  let over = false;
  /** Of the credentials dialled with last, and of those that the network refused for good. */
  let version = "";
  let refusedVersion: string | undefined;
  /** Given when the stored account is to be looked at. */
  let look = signal();

  async function pause(ms?: number): Promise<boolean> {
    const asked = await look.within(ms);
    if (asked) look = signal();
    return asked;
  }

  /** Whether the account is no longer as it was dialled for. */
  async function changed(): Promise<boolean> {
    if (closing.signal.aborted) return true;
    try {
      const now = await held.adopt(holder);
      return now === undefined || now.version !== version || !wanted(now);
    } catch (error) {
      if (error instanceof OwnershipLost) throw error;
      log.debug({ error: String(error) }, "an account could not be looked at; it is tried again");
      return false;
    }
  }

  async function dial(account: OwnedAccount, platform: Platform): Promise<ConnectionAttempt> {
    const opened = await deps.accounts.credentialsOf(holder.app, account.platform, account.address);
    if (!opened) throw accountUnknown();
    version = opened.version;
    const renewed = async (credentials: unknown): Promise<void> => {
      const { app } = holder;
      const next = await deps.accounts.update(app, account.platform, account.address, version, credentials);
      if (next !== undefined) version = next;
    };
    const whose = { app: holder.app, platform: account.platform, address: account.address };
    const alone = renewalOf(deps.accounts, whose, {
      get: () => version,
      set: (next) => {
        version = next;
      },
    });
    const { credentials } = opened;
    const access = connectionContext(deps, holder, account.address, {
      credentials,
      saveCredentials: renewed,
      ...alone,
    });
    return connectionAttempt(platform, access, closing.signal, CONNECT_MS);
  }

  /** Resolves when the line has ended; hangs up when the account is to be connected otherwise or not at all. */
  async function watch(mine: ConnectionAttempt): Promise<void> {
    let ended = false;
    // No race: each would stay in the memory of a promise that lives as long as the connection.
    void mine.ended.then(() => {
      ended = true;
      if (phase.now().kind === "online") phase.set({ kind: "connecting" });
      look.give();
    });
    try {
      for (;;) {
        await look.given;
        if (ended) return;
        look = signal();
        if (await changed()) return;
      }
    } finally {
      await mine.disconnect();
    }
  }

  /** Dials in its turn; answers with the client when there is one. */
  async function dialInTurn(account: OwnedAccount, platform: Platform) {
    await dialling.acquire(closing.signal, holder.app);
    try {
      if (tries === 0) await tell(account, "connecting");
      const mine = await dial(account, platform);
      const watching = watch(mine);
      // Awaited below; it may end before.
      watching.catch(() => undefined);
      const online = await mine.online.then(
        (client) => ({ client }),
        () => undefined,
      );
      return { mine, watching, online };
    } finally {
      dialling.release();
    }
  }

  /** One connection from dialling to its end; answers the failure that ended it, undefined when it ended from here. */
  async function connection(account: OwnedAccount, platform: Platform): Promise<Failure | undefined> {
    phase.set({ kind: "connecting" });
    const { mine, watching, online } = await dialInTurn(account, platform);
    const since = performance.now();
    try {
      if (online) {
        await tell(account, "online");
        insisted = false;
        phase.set({ kind: "online", client: online.client });
      }
      await watching;
      const why = await mine.ended;
      if (online && (performance.now() - since > LASTED_MS || why === undefined)) tries = 0;
      return why;
    } finally {
      phase.set({ kind: "connecting" });
      await mine.disconnect();
    }
  }

  /** Not tried again before something changes. */
  async function refuse(account: OwnedAccount, failure: Failure): Promise<void> {
    refusedVersion = version;
    insisted = false;
    phase.set({ kind: "final", failure });
    // Other credentials may have been stored meanwhile: nobody refused those.
    const state = failure.kind === "auth" ? "needs-login" : "restricted";
    if (!(await tell(account, state, failure, version))) phase.set({ kind: "connecting" });
  }

  async function afterEnd(account: OwnedAccount, failure: Failure): Promise<void> {
    tries += 1;
    if (failure.kind === "auth" || failure.kind === "permanent") return refuse(account, failure);
    const until = phase.putOff(failure.retryAfterMs ?? backoff(tries, random()), failure);
    await tell(account, "offline", failure);
    while (performance.now() < until) {
      if (!(await pause(until - performance.now())) || (await changed())) return;
    }
  }

  /** True while nothing has changed since the network refused the account for good, to us or to the holder before. */
  function refused(account: OwnedAccount): boolean {
    if (insisted || (refusedVersion !== undefined && refusedVersion !== account.version)) return false;
    if (phase.now().kind === "final") return true;
    if (account.state !== "needs-login" && account.state !== "restricted") return false;
    refusedVersion = account.version;
    phase.set({ kind: "final", failure: refusalOf(account) });
    return true;
  }

  /** Answers false when there is nothing more to do for the account. */
  async function round(): Promise<boolean> {
    look = signal();
    const account = await held.adopt(holder);
    const platform = account && deps.find(account.platform);
    if (!account) phase.set({ kind: "closed", failure: accountUnknown() });
    if (!account || !platform?.connect) return false;
    if (!wanted(account)) {
      await end(account);
      return false;
    }
    if (refused(account)) return pause();
    if (account.version !== version) tries = 0;
    const failure = await connection(account, platform);
    if (failure) await afterEnd(account, failure);
    return true;
  }

  /** Redis failed, or the credentials can't be opened. */
  async function afterFault(error: unknown): Promise<void> {
    tries += 1;
    const ms = backoff(tries, random());
    log.warn({ error: String(error), account: holder.id, ms }, "an account could not be held; tried again");
    if (phase.now().kind !== "final") phase.putOff(ms, unheld(error));
    await pause(ms);
  }

  async function live(): Promise<void> {
    for (let more = true; more && !closing.signal.aborted; ) {
      try {
        // What came while it was found to be over is a reason to go on.
        more = (await round()) || look.wasGiven();
      } catch (error) {
        if (error instanceof OwnershipLost || closing.signal.aborted) break;
        await afterFault(error);
      }
    }
    over = true;
    if (phase.now().kind !== "closed") phase.set({ kind: "closed", failure: notHere() });
    await leave().catch((error: unknown) => log.debug({ error: String(error) }, "the account is somebody else's now"));
  }

  function insist(): void {
    insisted = true;
    look.give();
  }

  const gone = live();
  return {
    async use(insists, until, work) {
      begin();
      // What the holder before us was told is no answer to being asked now.
      if (insists && version === "") insisted = true;
      try {
        return await work(await phase.client(until, insists ? insist : undefined));
      } finally {
        done();
      }
    },
    refresh() {
      look.give();
      return !over;
    },
    letGo() {
      letGo();
      look.give();
    },
    isOver: () => over,
    async close() {
      closing.abort(new Error("the shard is left"));
      look.give();
      await gone;
    },
    gone,
  };
}
