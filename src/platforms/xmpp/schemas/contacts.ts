import Type, { type Static } from "typebox";
import { ACTOR_EXAMPLE, BareTarget, EmptyObject, PERSON_EXAMPLE, STRICT, text, verbSchema } from "./common.ts";

export const RequestFriendSchema = verbSchema(
  BareTarget,
  20,
  Type.Optional(Type.Object({ body: Type.Optional(text(1_024)) }, STRICT)),
);
export const REQUEST_FRIEND_EXAMPLE: Static<typeof RequestFriendSchema> = {
  actor: ACTOR_EXAMPLE,
  target: PERSON_EXAMPLE,
  object: { body: "It is me, Bob" },
};

export const FriendSchema = verbSchema(BareTarget, 20, EmptyObject);
export const FRIEND_EXAMPLE: Static<typeof FriendSchema> = { actor: ACTOR_EXAMPLE, target: PERSON_EXAMPLE };
