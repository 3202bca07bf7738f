import type { Activity } from "../../../src/model/activity.ts";
import type { Platform } from "../../../src/platform/platform.ts";

/** Real server of a network on loopback, with test accounts and an independent peer. */
export interface TestNetwork {
  /** Platform as the product creates it; settings may name the test server. */
  readonly platform: Platform;
  /** Returns the n-th test account, which can log in (0 to 199). */
  readonly account: (n: number) => TestAccount;
  /** An account that exists, with a wrong password. */
  readonly wrongLogin: TestAccount;
  /** Sends `text` from the peer to the n-th test account. Resolves when the server has accepted the message. */
  readonly peerSends: (n: number, text: string) => Promise<void>;
  /** Waits for `text` at the peer; resolves with the number of received copies. */
  readonly peerReceived: (text: string) => Promise<number>;
  /** Returns the activity that sends `text` from the n-th account to the peer. Lacks id and rid. */
  readonly sendTo: (n: number, text: string) => Pick<Activity, "verb" | "actor" | "target" | "object">;
  /** Whether the network stores messages for an absent account and delivers them after a reconnect. */
  readonly keepsMissed: boolean;
  /** Whether a message of the moment of a login may come late. The server stores such a message after delivery. */
  readonly maySwapAtLogin?: boolean;
  /** Ends the server at once (SIGKILL), as a crash does. */
  readonly kill: () => Promise<void>;
  /** Starts the server again on the same port and data, and reconnects the peer. */
  readonly restart: () => Promise<void>;
  /** Port of the server. */
  readonly port: number;
  /** Credentials like `account(n)`'s that lead to another port of loopback. */
  readonly accountAt: (n: number, port: number) => TestAccount;
  readonly close: () => Promise<void>;
}

export interface TestAccount {
  readonly address: string;
  readonly credentials: unknown;
}
