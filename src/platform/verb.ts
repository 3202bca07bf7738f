import type { Static, TObject } from "typebox";
import type { Activity } from "../model/activity.ts";
import type { VerbContext } from "./context.ts";
import type { Receipt } from "./outcome.ts";

/** Activity whose object has passed the verb's schema. A schema without an object leaves it open. */
export type ActivityOf<Schema extends TObject> = Omit<Activity, "object"> & {
  readonly object: ObjectOf<Static<Schema>>;
};
type ObjectOf<Shape> = Shape extends { readonly object?: infer Given }
  ? [KeyOf<NonNullable<Given>>] extends [never]
    ? Activity["object"]
    : NonNullable<Given>
  : Activity["object"];
/** Keys of all members of a union. An object with optional properties only still has keys. */
type KeyOf<Union> = Union extends unknown ? keyof Union : never;

/** Extent to which a network keeps one property of an object. */
export interface Capability {
  /** `kept` as posted, `converted` to the network's own form, `plain`. Only the text of it arrives. */
  readonly as?: "kept" | "converted" | "plain";
  readonly maxBytes?: number;
  readonly mediaTypes?: readonly string[];
  /** Treatment of a text beyond the network's limit. */
  readonly tooLong?: "split" | "refused" | "attached";
  /** Restriction in words, such as "own messages, for 48 hours". */
  readonly note?: string;
}

/** Old value of a property that has moved or changed its meaning. */
export interface RenamedValue {
  /** Pointer into the activity; `*` stands for every item of a list. */
  readonly pointer: string;
  /** Old value, for docs and tests. */
  readonly example: string | number;
  /** Tells old values from values of today, such as a post's id from a conversation. */
  readonly isOld: (value: unknown, activity: Readonly<Record<string, unknown>>) => boolean;
  readonly instead: string;
}

/** Returns old values of a property with what to use instead of each. */
export function renamedValues(pointer: string, values: Readonly<Record<string, string>>): RenamedValue[] {
  return Object.entries(values).map(([example, instead]) => ({
    pointer,
    example,
    isOld: (value) => value === example,
    instead,
  }));
}

/** Verb of a platform: its schema, an example and the function that carries it out. */
export interface Verb<Schema extends TObject = TObject, Client = unknown> {
  /** Summary in one line for docs, the OpenAPI document and forms. */
  readonly summary: string;
  /** Validates `{actor, target, object, context?}` of a posted activity. */
  readonly schema: Schema;
  readonly example: Static<Schema>;
  /** Old spellings of properties: pointer into the activity, and what to use instead. Refused with both. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** Old values of properties that still exist. */
  readonly renamedValues?: readonly RenamedValue[];
  /** Facts that the schema cannot say, by property of `object`; `GET /platforms` shows them. */
  readonly capabilities?: Readonly<Record<string, Capability>>;
  /** Whether `run` gets the client of `Platform.connect`; default: where the platform has no `createClient`. */
  readonly needsConnection?: boolean;
  /** Whether a verb with `needsConnection` runs without a connection as well; `client` is then undefined. */
  readonly runsOffline?: boolean;
  /** Whether targets on the app's suppression list are left out. For verbs whose targets are recipients. */
  readonly hasSuppressions?: boolean;
  /** Carries the activity out for the pending targets. Throws values that `Platform.classifyError` knows. */
  readonly run: (client: Client, activity: ActivityOf<Schema>, context: VerbContext) => Promise<Receipt>;
}

/** Checks a verb's schema, example and function against each other. The core sees them as opaque. */
export function defineVerb<Schema extends TObject, Client>(verb: Verb<Schema, Client>): Verb<TObject, Client> {
  return verb as unknown as Verb<TObject, Client>;
}
