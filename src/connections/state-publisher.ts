import type { AccountOwnership, OwnedAccount, Owner } from "../accounts/account-ownership.ts";
import type { SessionEvent } from "../model/event.ts";
import { type Failure, toEventError } from "../model/failure.ts";

type State = SessionEvent["state"];

/** Publisher of a connection's state. Stores the state and tells listeners, once for each change. */
export interface StatePublisher {
  /** Publishes a state. With a `version` only while the account has these credentials, else returns false. */
  readonly publish: (account: OwnedAccount, state: State, failure?: Failure, version?: string) => Promise<boolean>;
  /** Publishes trouble of an online account, or its end. Ignored while the account is not online. */
  readonly publishProblem: (account: OwnedAccount, problem: Failure | undefined) => Promise<void>;
  /** Publishes `offline` for an account that is disconnected permanently, unless published already. */
  readonly publishEnd: (account: OwnedAccount) => Promise<void>;
  /** Stores `offline` without an event: the next owner publishes more. */
  readonly publishSilently: () => Promise<void>;
}

/** Creates the publisher of an owner. The functions throw `OwnershipLost` after a take-over. */
export function statePublisher(ownership: Pick<AccountOwnership, "publishState">, owner: Owner): StatePublisher {
  let published: string | undefined;
  let lastAccount: OwnedAccount | undefined;
  const isConnected = (state: string | undefined): boolean => state === "online" || state === "connecting";

  async function store(
    account: OwnedAccount,
    state: State,
    {
      failure,
      isSilent = false,
      version,
    }: { readonly failure?: Failure; readonly isSilent?: boolean; readonly version?: string | undefined },
  ): Promise<boolean> {
    const event: SessionEvent = {
      type: "session",
      platform: account.platform,
      actor: { address: account.address },
      state,
      ...(failure === undefined ? {} : { error: toEventError(failure) }),
      published: new Date().toISOString(),
    };
    const isStored = await ownership.publishState(owner, event, isSilent, version);
    if (isStored) published = state;
    return isStored;
  }

  return {
    async publish(account, state, failure, version) {
      lastAccount = account;
      const isSame = (published ?? account.state) === state;
      if (isSame && !failure) return true;
      return store(account, state, { ...(failure ? { failure } : {}), isSilent: isSame, version });
    },
    async publishProblem(account, failure) {
      if (published === "online") await store(account, "online", failure === undefined ? {} : { failure });
    },
    async publishEnd(account) {
      if (isConnected(published ?? account.state)) await store(account, "offline", {});
    },
    async publishSilently() {
      if (lastAccount && isConnected(published)) await store(lastAccount, "offline", { isSilent: true });
    },
  };
}
