import Type, { type TSchema } from "typebox";
import { PostedContext } from "../src/intake/canonical-form.ts";
import type { Platform } from "../src/platform/platform.ts";
import { Button, Context, ListedAttachment, Person, Room } from "../src/platform/vocabulary/entities.ts";
import { TERMS } from "../src/platform/vocabulary/terms.ts";

/** Object of results and events: terms of the vocabulary, and members named after the platform. */
export const TermsSchema = Type.Unsafe<Record<string, unknown>>(
  Type.Object(
    Object.fromEntries(
      Object.entries(TERMS).map(([name, { schema, meaning }]) => [
        name,
        Type.Optional({ ...schema, description: meaning } as TSchema),
      ]),
    ),
    {
      additionalProperties: true,
      description:
        "Terms of the vocabulary (docs/vocabulary.md); `GET /platforms/{id}` tells which arrive. Members named after the platform hold what only that network has.",
    },
  ),
);

/** Collection as `query`, `fetch` and `search` answer in `object`. */
export const CollectionSchema = Type.Object(
  {
    type: Type.Literal("collection"),
    items: Type.Array(
      Type.Union([
        Person,
        Room,
        Type.Record(Type.String(), Type.Unknown(), { description: "Message, post or entry." }),
      ]),
    ),
    total: Type.Optional(Type.Integer({ minimum: 0, description: TERMS.total.meaning })),
    next: Type.Optional(Type.String({ description: TERMS.next.meaning })),
    previous: Type.Optional(Type.String({ description: TERMS.previous.meaning })),
    address: Type.Optional(Type.String({ description: "Target that the items belong to, with several targets." })),
  },
  { additionalProperties: true, description: "List of persons, rooms, messages, posts or entries." },
);

/** Object of a result: a list where one was asked for, else terms. */
export const ResultObjectSchema = Type.Unsafe<Record<string, unknown>>(Type.Union([CollectionSchema, TermsSchema]));

/** Context of events. */
export const EventContextSchema = Type.Unsafe<Record<string, unknown>>(Context);

/** Entities of the vocabulary by the names that they have in the document. */
export const vocabularySchemas: Readonly<Record<string, TSchema>> = {
  Person,
  Room,
  Context,
  PostedContext,
  ListedAttachment,
  Button,
  Collection: CollectionSchema,
  Terms: TermsSchema,
};

/** Actors of platforms whose verbs all take the same, by names such as `XmppActor`. */
export function actorSchemas(platforms: readonly Platform[]): Readonly<Record<string, TSchema>> {
  return Object.fromEntries(
    platforms.flatMap(({ id, verbs }) => {
      const actors = Object.values(verbs).map(({ schema }) => schema.properties.actor as TSchema);
      const counts = new Map<string, number>();
      for (const actor of actors) counts.set(JSON.stringify(actor), (counts.get(JSON.stringify(actor)) ?? 0) + 1);
      const [commonest] = [...counts].sort(([, a], [, b]) => b - a);
      const actor = actors.find((schema) => JSON.stringify(schema) === commonest?.[0]);
      return actor === undefined ? [] : [[`${id.charAt(0).toUpperCase()}${id.slice(1)}Actor`, actor]];
    }),
  );
}
