import type { Owner } from "../accounts/account-ownership.ts";
import type { FairSemaphore } from "../platform/kit/semaphore.ts";
import type { Platform } from "../platform/platform.ts";
import { type WakeSignal, wakeSignal } from "../timing/wake-signal.ts";
import type { ConnectionPorts } from "./attempt-context.ts";
import { ClientAccess } from "./client-access.ts";
import { type KeepAliveReasons, keepAliveReasons } from "./keep-alive-reasons.ts";
import { LoginHistory } from "./login-history.ts";
import { ReconnectBackoff } from "./reconnect-backoff.ts";
import { type RefusalEvidence, refusalEvidence } from "./refusal-evidence.ts";
import { type StatePublisher, statePublisher } from "./state-publisher.ts";

export interface AccountConnectionDeps extends ConnectionPorts {
  /** Bounds the accounts that connect at once. */
  readonly connecting: FairSemaphore;
  readonly find: (platform: string) => Platform | undefined;
  /** Idle timeout of an account that is not desired online. Default: 5 minutes after the last work. */
  readonly idleMs?: number;
  /** From 0 to 1, for the jitter of reconnects. */
  readonly random?: () => number;
}

/** Parts that the states of an account connection share. */
export interface ConnectionParts extends AccountConnectionDeps {
  readonly owner: Owner;
  readonly access: ClientAccess;
  readonly reasons: KeepAliveReasons;
  readonly publisher: StatePublisher;
  readonly login: LoginHistory;
  readonly evidence: RefusalEvidence;
  readonly backoff: ReconnectBackoff;
  /** Notified when the stored account is to be checked again. */
  readonly wake: WakeSignal;
  /** Aborts when the worker leaves the account's shard. */
  readonly closing: AbortSignal;
}

/** Creates the parts of a connection that has not been tried yet. */
export function connectionParts(deps: AccountConnectionDeps, owner: Owner, closing: AbortSignal): ConnectionParts {
  return {
    ...deps,
    owner,
    access: new ClientAccess(),
    reasons: keepAliveReasons(deps.idleMs ?? 300_000),
    publisher: statePublisher(deps.ownership, owner),
    login: new LoginHistory(),
    evidence: refusalEvidence(deps.ownership.connectionState(owner)),
    backoff: new ReconnectBackoff(deps.random ?? Math.random),
    wake: wakeSignal(),
    closing,
  };
}
