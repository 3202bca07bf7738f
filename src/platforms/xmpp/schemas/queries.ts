import Type, { type Static } from "typebox";
import { ACTOR_EXAMPLE, AnyTarget, Context, PERSON_EXAMPLE, ROOM_EXAMPLE, STRICT, text, XmppActor } from "./common.ts";

export const QuerySchema = Type.Object(
  {
    actor: XmppActor,
    target: Type.Optional(
      Type.Array(AnyTarget, { maxItems: 20, description: "Rooms; for rooms their services; none for the roster." }),
    ),
    object: Type.Object({ type: Type.Enum(["roster", "rooms", "attendance", "room-info"]) }, STRICT),
  },
  STRICT,
);
export const QUERY_EXAMPLE: Static<typeof QuerySchema> = {
  actor: ACTOR_EXAMPLE,
  target: ROOM_EXAMPLE,
  object: { type: "attendance" },
};

export const FetchSchema = Type.Object(
  {
    actor: XmppActor,
    target: Type.Optional(
      Type.Array(AnyTarget, {
        maxItems: 1,
        description: "The other person or the room. Absent: all direct conversations.",
      }),
    ),
    object: Type.Optional(
      Type.Object(
        {
          since: Type.Optional(Type.String({ format: "date-time", maxLength: 64 })),
          until: Type.Optional(Type.String({ format: "date-time", maxLength: 64 })),
          before: Type.Optional(text(256, { description: "`first` of another page: reads the page before." })),
          after: Type.Optional(text(256, { description: "`last` of another page: reads the page after." })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: "Default 50." })),
        },
        STRICT,
      ),
    ),
    context: Context,
  },
  STRICT,
);
export const FETCH_EXAMPLE: Static<typeof FetchSchema> = {
  actor: ACTOR_EXAMPLE,
  target: PERSON_EXAMPLE,
  object: { limit: 20 },
};
