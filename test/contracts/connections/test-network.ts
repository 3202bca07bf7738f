import type { Activity } from "../../../src/model/activity.ts";
import type { Platform } from "../../../src/platform/platform.ts";

/** A real server of a network on loopback, with accounts for us and a peer who is somebody else: what the suite for held platforms needs. */
export interface TestNetwork {
  /** As the product makes it; its settings may name the test server. */
  readonly platform: Platform;
  /** The n-th account of ours, able to log in (0 to 199). */
  readonly account: (n: number) => TestAccount;
  /** An account that exists, with a wrong password. */
  readonly wrongLogin: TestAccount;
  /** The peer writes `text` to our n-th account; resolves when the server has taken it. */
  readonly peerSends: (n: number, text: string) => Promise<void>;
  /** Resolves when the peer has got `text`, past or to come, and answers how often so far. */
  readonly peerReceived: (text: string) => Promise<number>;
  /** The activity by which our n-th account says `text` to the peer; without id and rid. */
  readonly sendTo: (n: number, text: string) => Pick<Activity, "verb" | "actor" | "target" | "object">;
  /** Whether the network keeps what arrives while an account is away, so that it comes after a reconnect. */
  readonly keepsMissed: boolean;
  /** Ends the server at once (SIGKILL), as a crash does. */
  readonly kill: () => Promise<void>;
  /** Starts it again on the same port with what it had on disk; the peer comes back by itself before this resolves. */
  readonly restart: () => Promise<void>;
  /** Where the server listens, so that hostile peers can stand in for it. */
  readonly port: number;
  /** Credentials like `account(n)`'s that lead to another port of loopback. */
  readonly accountAt: (n: number, port: number) => TestAccount;
  readonly close: () => Promise<void>;
}

export interface TestAccount {
  readonly address: string;
  readonly credentials: unknown;
}
