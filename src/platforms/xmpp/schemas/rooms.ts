import Type, { type Static } from "typebox";
import { NICK } from "../client/jid.ts";
import { ACTOR_EXAMPLE, BareTarget, EmptyObject, ROOM_EXAMPLE, STRICT, text, verbSchema } from "./common.ts";

export const JoinSchema = verbSchema(
  BareTarget,
  20,
  Type.Optional(
    Type.Object(
      {
        type: Type.Optional(Type.Literal("room")),
        nick: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: 128,
            pattern: NICK,
            description: "Default: the address before the @.",
          }),
        ),
        password: Type.Optional(text(1_024, { minLength: 1 })),
      },
      STRICT,
    ),
  ),
);
export const JOIN_EXAMPLE: Static<typeof JoinSchema> = {
  actor: ACTOR_EXAMPLE,
  target: ROOM_EXAMPLE,
  object: { nick: "bob" },
};

export const LeaveSchema = verbSchema(BareTarget, 20, EmptyObject);
export const LEAVE_EXAMPLE: Static<typeof LeaveSchema> = { actor: ACTOR_EXAMPLE, target: ROOM_EXAMPLE };
