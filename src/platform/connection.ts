import Type, { type Static, type TObject, type TSchema } from "typebox";
import { Actor } from "../model/activity.ts";
import type { Failure } from "../model/failure.ts";
import type { AccountContext } from "./context.ts";
import type { Complaint, DeliveryReceipt, InboundEvent } from "./inbound-event.ts";
import { defineVerb, type Verb } from "./verb.ts";

export type { Complaint, DeliveryReceipt, ReadUpTo } from "./inbound-event.ts";

/** Persisted state of an account's connection for its next owner: rooms, subscriptions, cursors. */
export interface ConnectionState {
  readonly read: () => Promise<Readonly<Record<string, string>>>;
  /** Writes an entry; undefined removes it. Rejects when another worker owns the account. */
  readonly write: (name: string, value: string | undefined) => Promise<void>;
}

/** Services for connecting one account and for keeping it connected. */
export interface ConnectionContext<Credentials> extends AccountContext<Credentials> {
  readonly credentials: Credentials;
  /** Address of the account as stored. */
  readonly address: string;
  /** Aborts when the connection is no longer desired, also while it is being made. */
  readonly signal: AbortSignal;
  readonly state: ConnectionState;
  /** Sealed state for room passwords and the like. Small and rarely written, since sealing costs a millisecond. */
  readonly sealedState: ConnectionState;
  /**
   * Records an inbound event once; events keep the order of the calls.
   * Acknowledge to the network only after it resolves. Rejects when Redis is unavailable or another worker owns the
   * account: then do not acknowledge.
   */
  readonly record: (event: InboundEvent) => Promise<"new" | "seen">;
  /** Publishes a receipt of an activity committed with `receiptTtlSeconds`; unknown ids are ignored. */
  readonly recordReceipt: (receipt: DeliveryReceipt | Complaint) => Promise<void>;
  /**
   * Reports trouble of an online account, or its end (undefined). Becomes a `session` event `online` with `error`.
   * Once for each trouble.
   */
  readonly reportProblem: (problem: Failure | undefined) => Promise<void>;
  /** Reports that the connection ended, and why; the core disposes it, waits and connects again. */
  readonly onDisconnected: (thrown: unknown) => void;
}

/**
 * Returns the verbs `connect` and `disconnect` of platforms with connections.
 * `connect` keeps the account online and completes when it is; `disconnect` ends that. `actor` is the platform's own
 * schema of an actor, which `address` fits.
 */
export function connectionVerbs(address: string, actor: TSchema = Actor): Record<"connect" | "disconnect", Verb> {
  const properties = {
    actor,
    target: Type.Optional(Type.Array(Type.Object({}), { maxItems: 0 })),
    object: Type.Optional(Type.Object({}, { additionalProperties: false })),
  };
  const schema: TObject = Type.Object(properties, { additionalProperties: false });
  const example = { actor: { address } } as Static<typeof schema>;
  return {
    connect: defineVerb({
      summary: "Connects the account and keeps it connected, across restarts and without listeners",
      schema,
      example,
      needsConnection: true,
      run: async (_client, _activity, context) => {
        await context.setDesiredOnline(true);
        return { outcomes: [] };
      },
    }),
    disconnect: defineVerb({
      summary: "Disconnects the account until it is connected again",
      schema,
      example,
      needsConnection: true,
      runsOffline: true,
      run: async (_client, _activity, context) => {
        await context.setDesiredOnline(false);
        return { outcomes: [] };
      },
    }),
  };
}
