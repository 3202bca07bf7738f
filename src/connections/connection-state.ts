import type { OwnedAccount } from "../accounts/account-ownership.ts";
import type { Failure } from "../model/failure.ts";
import type { Platform } from "../platform/platform.ts";
import { ownerMoved } from "./connection-failures.ts";
import type { Link } from "./link.ts";

/**
 * States of an account connection. A file of `states/` lives through each; docs/sessions.md has the session events.
 *
 * | state | event | next state |
 * |---|---|---|
 * | checking | account missing, not to be connected, or shard left | closed |
 * | checking | network refused these credentials permanently, no retry forced | refused |
 * | checking | anything else | connecting |
 * | connecting | client connected | online |
 * | connecting | attempt failed, or account changed | disconnecting |
 * | online | connection ended, or account changed | disconnecting |
 * | disconnecting | closed by the gateway | checking |
 * | disconnecting | closed; network refused for good (`RefusalEvidence`) | checking, where the refusal is known |
 * | disconnecting | closed; any other failure | backing-off |
 * | backing-off | delay over, or account changed | checking |
 * | refused | account changed, or retry forced by `connect` | checking |
 * | faulted | delay over, or account changed | checking |
 * | any | fault of the gateway: Redis away, credentials unreadable | faulted |
 * | any | another worker owns the account | closed |
 */
export type State =
  | { readonly name: "checking" }
  | Connecting
  | Online
  | Disconnecting
  | BackingOff
  | { readonly name: "refused" }
  | Faulted
  | { readonly name: "closed"; readonly failure: Failure };

export interface Connecting {
  readonly name: "connecting";
  readonly account: OwnedAccount;
  readonly platform: Platform;
}

export interface Online {
  readonly name: "online";
  readonly account: OwnedAccount;
  readonly link: Link;
  readonly client: unknown;
}

export interface Disconnecting {
  readonly name: "disconnecting";
  readonly account: OwnedAccount;
  readonly link: Link;
  /** Start of being online, in ms of `performance.now()`; undefined when the attempt failed before. */
  readonly onlineSince: number | undefined;
}

export interface BackingOff {
  readonly name: "backing-off";
  readonly account: OwnedAccount;
  readonly failure: Failure;
  readonly delayMs: number;
}

export interface Faulted {
  readonly name: "faulted";
  readonly error: unknown;
}

export const CHECKING: State = { name: "checking" };

/** Returns the last state of a connection after the account moved to another worker. */
export const closedByMove = (): State => ({ name: "closed", failure: ownerMoved() });
