import Type, { type Static, type TObject, type TSchema } from "typebox";
import { Actor } from "../model/activity.ts";
import type { ErrorNote } from "../model/failure.ts";
import { type Access, type Arrival, defineVerb, type Verb } from "./platform.ts";

/** What is kept of an account's connection for whoever holds it next: rooms, subscriptions, cursors. */
export interface Notes {
  readonly read: () => Promise<Readonly<Record<string, string>>>;
  /** Undefined removes. Rejects when another worker has taken the account over. */
  readonly write: (name: string, value: string | undefined) => Promise<void>;
}

/** What a network says later of an activity that was sent: `id` is the activity's own, which the platform sent along. */
export interface Report {
  readonly id: string;
  readonly status: "delivered" | "read" | "failed";
  /** Which target; absent means all. */
  readonly target?: string;
  readonly error?: ErrorNote;
}

/** What a network says later of everything that was sent into a conversation (`CommitMore.threads`) up to a time. */
export interface Watermark {
  readonly thread: string;
  /** Unix ms, inclusive. */
  readonly until: number;
  readonly status: "delivered" | "read";
  /** Which target; absent means all. */
  readonly target?: string;
}

/** What `hold` is given to connect one account and to keep it connected. */
export interface Hold<Credentials> extends Access<Credentials> {
  readonly credentials: Credentials;
  /** The account's address as stored. */
  readonly address: string;
  /** Aborts when the connection is no longer wanted, also while it is being made. */
  readonly signal: AbortSignal;
  readonly notes: Notes;
  /** As `notes`, sealed: for room keys and the like; small and rarely written, since sealing costs a millisecond. */
  readonly secrets: Notes;
  /**
   * Appends what the network brought, once; in the order of the calls. Acknowledge to the network only after it
   * resolves. Rejects when Redis is away or another worker has the account: then don't acknowledge.
   */
  readonly arrive: (arrival: Arrival) => Promise<"new" | "seen">;
  /** Tells the app what became later of an activity committed with `traceSeconds`; unknown ids are ignored. */
  readonly report: (report: Report) => Promise<void>;
  /** Tells that the connection ended by itself, and why; the core closes it, waits and holds it anew. */
  readonly lost: (thrown: unknown) => void;
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
      held: true,
      run: async (_client, _activity, lent) => {
        await lent.keepOnline(true);
        return { outcomes: [] };
      },
    }),
    disconnect: defineVerb({
      summary: "Ends the account's connection and leaves it ended until it is wanted again",
      schema,
      example,
      held: true,
      unconnected: true,
      run: async (_client, _activity, lent) => {
        await lent.keepOnline(false);
        return { outcomes: [] };
      },
    }),
  };
}
