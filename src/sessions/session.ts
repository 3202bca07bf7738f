import { accountUnknown } from "../accounts/account-unknown.ts";
import type { Accounts } from "../accounts/accounts.ts";
import type { Arrive } from "../delivery/arrivals.ts";
import type { ReportTo } from "../events/traces.ts";
import { Failure } from "../failure.ts";
import type { Log } from "../log.ts";
import type { Egress, Platform } from "../platform.ts";
import type { Turns } from "../turns.ts";
import { backoff } from "./backoff.ts";
import { type HeldAccount, type HeldAccounts, type Holder, TakenOver } from "./held-accounts.ts";
import { type Line, line } from "./line.ts";
import { phases } from "./phase.ts";
import { signal } from "./signal.ts";
import { voice } from "./voice.ts";

export interface SessionDeps {
  readonly held: HeldAccounts;
  readonly accounts: Pick<Accounts, "credentialsOf" | "update">;
  readonly arrive: Arrive;
  readonly report: ReportTo;
  readonly egress: Egress;
  readonly log: Log;
  /** So many accounts may dial at once. */
  readonly dialling: Turns;
  readonly find: (platform: string) => Platform | undefined;
  /** How long an account stays connected that is not wanted online, after its last work. */
  readonly idleMs?: number;
  readonly random?: () => number;
}

/** One account's connection for as long as this worker has its shard: dials, dials again, and says how it stands. */
export interface Session {
  /**
   * Runs work with the connected client, waiting while it is being made. Rejects with a `Failure` where it can't be made
   * now; `insist` tries again also after a final refusal.
   */
  readonly use: <T>(insist: boolean, work: (client: unknown) => Promise<T>) => Promise<T>;
  /** The stored account may have changed: looks at it anew. */
  readonly refresh: () => void;
  /** Leaves the account to others, without an event. */
  readonly close: () => Promise<void>;
  /** Resolves when there is nothing left of it. */
  readonly gone: Promise<void>;
}

const CONNECT_MS = 60_000;
/** A connection that lasted so long was a good one: the next try is the first again. */
const LASTED_MS = 60_000;

/** Starts at once. Network faults are tried again with backoff; `auth` and `permanent` ones are final, see `Platform.hold`. */
export function session(deps: SessionDeps, holder: Holder): Session {
  const { held, accounts, log, dialling, idleMs = 300_000, random = Math.random } = deps;
  const phase = phases();
  const { tell, leave } = voice(held, holder);
  const closing = new AbortController();
  let users = 0;
  let usedAt = performance.now();
  /** Failed ones in a row. */
  let tries = 0;
  let insisted = false;
  /** Of the credentials dialled with last, and of those that the network refused for good. */
  let version = "";
  let refusedVersion: string | undefined;
  /** Given when the stored account is to be looked at. */
  let look = signal();

  const wanted = (account: HeldAccount) => account.online || users > 0 || performance.now() - usedAt < idleMs;

  async function pause(ms?: number): Promise<boolean> {
    const asked = await look.within(ms);
    if (asked) look = signal();
    return asked;
  }

  /** The account when it is no longer as it was dialled for; undefined when all is as it was. */
  async function changed(): Promise<HeldAccount | "gone" | undefined> {
    if (closing.signal.aborted) return "gone";
    try {
      const now = await held.adopt(holder);
      return now && now.version === version && wanted(now) ? undefined : (now ?? "gone");
    } catch (error) {
      if (error instanceof TakenOver) throw error;
      log.debug({ error: String(error) }, "an account could not be looked at; it is tried again");
      return undefined;
    }
  }

  async function dial(account: HeldAccount, platform: Platform): Promise<Line> {
    const opened = await accounts.credentialsOf(holder.app, account.platform, account.address);
    if (!opened) throw accountUnknown();
    version = opened.version;
    const renewed = async (credentials: unknown): Promise<void> => {
      const next = await accounts.update(holder.app, account.platform, account.address, version, credentials);
      if (next !== undefined) version = next;
    };
    const access = {
      app: holder.app,
      address: account.address,
      credentials: opened.credentials,
      renewed,
      egress: deps.egress,
      log: log.child({ app: holder.app, account: holder.id }),
      notes: held.notes(holder),
      secrets: held.secrets(holder),
      arrive: (arrival: Parameters<Arrive>[1]) => deps.arrive(holder.app, arrival, holder),
      report: (report: Parameters<ReportTo>[1]) => deps.report(holder.app, report),
    };
    return line(platform, access, CONNECT_MS);
  }

  /** The connected client with its line, or why there is none. */
  async function connect(account: HeldAccount, platform: Platform): Promise<{ mine: Line; client: unknown } | Failure> {
    phase.set({ kind: "connecting" });
    await dialling.enter(closing.signal);
    try {
      if (tries === 0) await tell(account, "connecting");
      const mine = await dial(account, platform);
      const stop = () => void mine.hangUp();
      closing.signal.addEventListener("abort", stop, { once: true });
      const client = await mine.online.finally(() => closing.signal.removeEventListener("abort", stop));
      return { mine, client };
    } catch (thrown) {
      if (thrown instanceof Failure) return thrown;
      throw thrown;
    } finally {
      dialling.leave();
    }
  }

  /** Stays while the connection lasts and is wanted; answers why it ended, undefined when it was hung up from here. */
  async function stay(mine: Line): Promise<Failure | undefined> {
    const ended = mine.ended.then(() => true);
    for (;;) {
      if (await Promise.race([ended, look.given.then(() => false)])) return mine.ended;
      look = signal();
      if ((await changed()) !== undefined) return undefined;
    }
  }

  /** One connection from dialling to its end; answers the failure that ended it. */
  async function connection(account: HeldAccount, platform: Platform): Promise<Failure | undefined> {
    const connected = await connect(account, platform);
    if (connected instanceof Failure) return connected;
    const { mine, client } = connected;
    const since = performance.now();
    try {
      await tell(account, "online");
      insisted = false;
      phase.set({ kind: "online", client });
      const why = await stay(mine);
      if (performance.now() - since > LASTED_MS || why === undefined) tries = 0;
      return why;
    } finally {
      phase.set({ kind: "connecting" });
      await mine.hangUp();
    }
  }

  async function afterEnd(account: HeldAccount, failure: Failure): Promise<void> {
    tries += 1;
    if (failure.kind === "auth" || failure.kind === "permanent") {
      refusedVersion = version;
      insisted = false;
      phase.set({ kind: "final", failure });
      return tell(account, failure.kind === "auth" ? "needs-login" : "restricted", failure);
    }
    const ms = failure.retryAfterMs ?? backoff(tries, random());
    const until = performance.now() + ms;
    phase.set({ kind: "waiting", until, failure });
    await tell(account, "offline", failure);
    while (performance.now() < until) {
      if (!(await pause(until - performance.now())) || (await changed())) return;
    }
  }

  /** True while nothing has changed since the network refused the account for good, to us or to the holder before. */
  function refused(account: HeldAccount): boolean {
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
    if (account) return hold(account);
    phase.set({ kind: "closed", failure: accountUnknown() });
    return false;
  }

  async function hold(account: HeldAccount): Promise<boolean> {
    const platform = deps.find(account.platform);
    if (!platform?.hold) return false;
    if (!wanted(account)) {
      if (account.state === "online") await tell(account, "offline");
      return false;
    }
    if (refused(account)) return pause();
    if (account.version !== version) tries = 0;
    const failure = await connection(account, platform);
    if (failure) await afterEnd(account, failure);
    return true;
  }

  async function live(): Promise<void> {
    for (let more = true; more && !closing.signal.aborted; ) {
      try {
        more = await round();
      } catch (error) {
        if (error instanceof TakenOver || closing.signal.aborted) break;
        log.warn({ error: String(error), account: holder.id }, "a session's state could not be kept; tried again soon");
        await pause(1_000);
      }
    }
    if (phase.now().kind !== "closed") phase.set({ kind: "closed", failure: notHere() });
    await leave().catch((error: unknown) => log.debug({ error: String(error) }, "the account is somebody else's now"));
  }

  function insist(): void {
    insisted = true;
    look.give();
  }

  const gone = live();
  return {
    async use(insists, work) {
      users += 1;
      try {
        return await work(await phase.client(insists ? insist : undefined));
      } finally {
        users -= 1;
        usedAt = performance.now();
      }
    },
    refresh: () => look.give(),
    async close() {
      closing.abort(new Error("the shard is left"));
      look.give();
      await gone;
    },
    gone,
  };
}

/** As the holder before us was told. */
function refusalOf({ state, error }: HeldAccount): Failure {
  const detail = "The network refuses this account: store it anew, or post `connect` to try again.";
  const { code = "credentials-invalid", ...more } = error ?? {};
  return new Failure({ kind: state === "restricted" ? "permanent" : "auth", detail, ...more, code });
}

function notHere(): Failure {
  const detail = "The account's connection is handed over to another worker; the work follows it.";
  return new Failure({ kind: "retryable", code: "platform-unavailable", detail, retryAfterMs: 500 });
}
