import { type Owner, OwnershipLost } from "../accounts/account-ownership.ts";
import { type AccountConnectionDeps, type ConnectionParts, connectionParts } from "./connection-parts.ts";
import { CHECKING, closedByMove, type State } from "./connection-state.ts";
import { backOff } from "./states/back-off.ts";
import { check } from "./states/check.ts";
import { connect } from "./states/connect.ts";
import { disconnect } from "./states/disconnect.ts";
import { recover } from "./states/recover.ts";
import { stayOnline } from "./states/stay-online.ts";

/**
 * Connection of an account for as long as this worker owns the account's shard.
 * Connects, reconnects and publishes the state; starts by construction. A state machine: `State` has the table.
 */
export class AccountConnection {
  /** Resolves when the connection is closed permanently. */
  readonly gone: Promise<void>;
  readonly #parts: ConnectionParts;
  readonly #closing = new AbortController();
  #isOver = false;

  constructor(deps: AccountConnectionDeps, owner: Owner) {
    this.#parts = connectionParts(deps, owner, this.#closing.signal);
    this.gone = this.#run();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Runs work with the connected client, after waiting for the client until `signal` aborts.
   * Rejects with a `Failure` where no client can be had now. `shouldForceRetry` tries again after a final refusal.
   */
  async use<T>(shouldForceRetry: boolean, signal: AbortSignal, work: (client: unknown) => Promise<T>): Promise<T> {
    const { access, login, reasons, wake } = this.#parts;
    reasons.beginWork();
    // A refusal of the former owner's time is no answer to a `connect` of now.
    if (shouldForceRetry && login.version === "") login.forceRetry();
    const forceRetry = (): void => {
      login.forceRetry();
      wake.notify();
    };
    try {
      return await work(await access.client(signal, shouldForceRetry ? forceRetry : undefined));
    } finally {
      reasons.endWork();
    }
  }

  /** Checks the stored account again after a possible change. Returns false when this connection is over. */
  recheck(): boolean {
    this.#parts.wake.notify();
    return !this.#isOver;
  }

  /** Drops recent work as a reason to stay connected. */
  release(): void {
    this.#parts.reasons.release();
    this.#parts.wake.notify();
  }

  /** Leaves the account to other workers, without an event. */
  async close(): Promise<void> {
    this.#closing.abort(new Error("the shard is left"));
    this.#parts.wake.notify();
    await this.gone;
  }

  async #run(): Promise<void> {
    let state: State = CHECKING;
    while (state.name !== "closed") {
      try {
        state = await next(this.#parts, state);
      } catch (error) {
        const hasLeft = error instanceof OwnershipLost || this.#closing.signal.aborted;
        state = hasLeft ? closedByMove() : { name: "faulted", error };
      }
    }
    this.#isOver = true;
    const { access, publisher, log } = this.#parts;
    access.set({ kind: "closed", failure: state.failure });
    await publisher
      .publishSilently()
      .catch((err: unknown) => log.debug({ err }, "connection state not stored; another worker owns the account"));
  }
}

/** Lives through a state; returns the next one. */
function next(parts: ConnectionParts, state: Exclude<State, { name: "closed" }>): Promise<State> {
  switch (state.name) {
    case "checking":
      return check(parts);
    case "connecting":
      return connect(parts, state);
    case "online":
      return stayOnline(parts, state);
    case "disconnecting":
      return disconnect(parts, state);
    case "backing-off":
      return backOff(parts, state);
    case "refused":
      return parts.wake.wait().then(() => CHECKING);
    case "faulted":
      return recover(parts, state);
  }
}
