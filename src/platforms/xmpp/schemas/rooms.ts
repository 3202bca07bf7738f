import Type, { type Static } from "typebox";
import { ADDRESS_LENGTH } from "../../../model/activity.ts";
import { ANY_JID, NICK } from "../client/jid.ts";
import {
  ACTOR_EXAMPLE,
  BareTarget,
  PERSON_EXAMPLE,
  ROOM_ADDRESS_EXAMPLE,
  ROOM_EXAMPLE,
  STRICT,
  text,
  verbSchema,
} from "./common.ts";

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

const Reason = Type.Optional(text(1_024, { description: "Reason in words." }));

export const LeaveSchema = verbSchema(
  BareTarget,
  20,
  Type.Optional(Type.Object({ type: Type.Optional(Type.Literal("room")), reason: Reason }, STRICT)),
);
export const LEAVE_EXAMPLE: Static<typeof LeaveSchema> = { actor: ACTOR_EXAMPLE, target: ROOM_EXAMPLE };

/** Invitation: the target is the person, the object the room. */
export const InviteSchema = verbSchema(
  BareTarget,
  20,
  Type.Object(
    {
      type: Type.Optional(Type.Literal("room")),
      address: BareTarget.properties.address,
      password: Type.Optional(text(1_024, { minLength: 1, description: "Password of the room." })),
      reason: Reason,
    },
    STRICT,
  ),
);
export const INVITE_EXAMPLE: Static<typeof InviteSchema> = {
  actor: ACTOR_EXAMPLE,
  target: PERSON_EXAMPLE,
  object: { type: "room", address: ROOM_ADDRESS_EXAMPLE, reason: "Come and see" },
};

export const KickSchema = verbSchema(
  BareTarget,
  1,
  Type.Object(
    {
      type: Type.Optional(Type.Literal("person")),
      address: Type.String({
        minLength: 1,
        maxLength: ADDRESS_LENGTH,
        pattern: ANY_JID,
        description: "The occupant: room@service/nick, as `members` lists it.",
      }),
      reason: Reason,
    },
    STRICT,
  ),
);
export const KICK_EXAMPLE: Static<typeof KickSchema> = {
  actor: ACTOR_EXAMPLE,
  target: ROOM_EXAMPLE,
  object: { address: `${ROOM_ADDRESS_EXAMPLE}/mallory`, reason: "Spam" },
};
