import Type, { type Static } from "typebox";
import {
  ACTOR_EXAMPLE,
  AnyTarget,
  BareTarget,
  PERSON_EXAMPLE,
  ROOM_EXAMPLE,
  STRICT,
  text,
  verbSchema,
  XmppActor,
} from "./common.ts";

/** Page of a list: servers give whole lists, the gateway cuts the page. */
const listPage = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, description: "Items of a page; default 1000." })),
  after: Type.Optional(
    Type.String({ pattern: "^[0-9]{1,7}$", maxLength: 7, description: "`next` of the previous page." }),
  ),
};

export const QuerySchema = Type.Object(
  {
    actor: XmppActor,
    target: Type.Optional(
      Type.Array(AnyTarget, {
        maxItems: 20,
        description: "Rooms for members and room; services for rooms; none for contacts.",
      }),
    ),
    object: Type.Object(
      {
        type: Type.Enum(["contacts", "rooms", "members", "room"], {
          description: "Contacts (the roster), rooms of a service, members of a room, or details of a room.",
        }),
        match: Type.Optional(
          text(256, { minLength: 1, description: "For rooms: pattern of addresses or names, with *." }),
        ),
        ...listPage,
      },
      STRICT,
    ),
  },
  STRICT,
);
export const QUERY_EXAMPLE: Static<typeof QuerySchema> = {
  actor: ACTOR_EXAMPLE,
  target: ROOM_EXAMPLE,
  object: { type: "members" },
};

/** Query of 2013 for the members of a room. */
export const ObserveSchema = verbSchema(
  BareTarget,
  1,
  Type.Optional(Type.Object({ type: Type.Optional(Type.Enum(["members", "attendance"])) }, STRICT)),
);
export const OBSERVE_EXAMPLE: Static<typeof ObserveSchema> = {
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
          before: Type.Optional(text(256, { description: "`previous` of another page: reads the page before." })),
          after: Type.Optional(text(256, { description: "`next` of another page: reads the page after." })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: "Default 50." })),
        },
        STRICT,
      ),
    ),
  },
  STRICT,
);
export const FETCH_EXAMPLE: Static<typeof FetchSchema> = {
  actor: ACTOR_EXAMPLE,
  target: PERSON_EXAMPLE,
  object: { limit: 20 },
};
