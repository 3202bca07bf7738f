import Type, { type Static, type TObject, type TSchema } from "typebox";
import { Actor } from "../model/activity.ts";
import type { EventError } from "../model/failure.ts";
import { type AccountContext, defineVerb, type InboundEvent, type Verb } from "./platform.ts";

/** What is kept of an account's connection for whoever holds it next: rooms, subscriptions, cursors. */
export interface ConnectionState {
  readonly read: () => Promise<Readonly<Record<string, string>>>;
  /** Undefined removes. Rejects when another worker has taken the account over. */
  readonly write: (name: string, value: string | undefined) => Promise<void>;
}

/** What a network says later of an activity that was sent: `id` is the activity's own, which the platform sent along. */
export interface DeliveryReceipt {
  readonly id: string;
  readonly status: "delivered" | "read" | "failed";
  /** Which target; absent means all. */
  readonly target?: string;
  readonly error?: EventError;
}

/** What a network says later of everything that was sent into a conversation (`CommitMore.threads`) up to a time. */
export interface ReadUpTo {
  readonly conversation: string;
  /** Unix ms, inclusive. */
  readonly until: number;
  readonly status: "delivered" | "read";
  /** Which target; absent means all. */
  readonly target?: string;
}

/** What `hold` is given to connect one account and to keep it connected. */
export interface ConnectionContext<Credentials> extends AccountContext<Credentials> {
  readonly credentials: Credentials;
  /** The account's address as stored. */
  readonly address: string;
  /** Aborts when the connection is no longer wanted, also while it is being made. */
  readonly signal: AbortSignal;
  readonly state: ConnectionState;
  /** As `notes`, sealed: for room keys and the like; small and rarely written, since sealing costs a millisecond. */
  readonly sealedState: ConnectionState;
  /**
   * Appends what the network brought, once; in the order of the calls. Acknowledge to the network only after it
   * resolves. Rejects when Redis is away or another worker has the account: then don't acknowledge.
   */
  readonly record: (arrival: InboundEvent) => Promise<"new" | "seen">;
  /** Tells the app what became later of an activity committed with `traceSeconds`; unknown ids are ignored. */
  readonly recordReceipt: (report: DeliveryReceipt) => Promise<void>;
  /** Tells that the connection ended by itself, and why; the core closes it, waits and holds it anew. */
  readonly onDisconnected: (thrown: unknown) => void;
}

/**
 * The verbs that every platform with a held connection has: `connect` wants the account online for good and ends when
 * it is; `disconnect` ends that. `actor` is the platform's own schema of an actor, `address` fits it.
 */
export function connectionVerbs(address: string, actor: TSchema = Actor): Record<"connect" | "disconnect", Verb> {
  const shape = {
    actor,
    target: Type.Optional(Type.Array(Type.Object({}), { maxItems: 0 })),
    object: Type.Optional(Type.Object({}, { additionalProperties: false })),
  };
  const schema: TObject = Type.Object(shape, { additionalProperties: false });
  const example = { actor: { address } } as Static<typeof schema>;
  return {
    connect: defineVerb({
      summary: "Connects the account and keeps it connected, over restarts and while nobody listens",
      schema,
      example,
      needsConnection: true,
      run: async (_client, _activity, context) => {
        await context.setDesiredOnline(true);
        return { outcomes: [] };
      },
    }),
    disconnect: defineVerb({
      summary: "Ends the account's connection and leaves it ended until it is wanted again",
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
