import Type, { type Static } from "typebox";
import { BotActor, Group, Person, PersonId } from "./addresses.ts";

const STRICT = { additionalProperties: false } as const;
const actor = { address: "@example_bot" };
const group = [{ address: "-1001234567890" }];
const groups = (maxItems: number) => Type.Array(Group, { minItems: 1, maxItems });
const Reason = Type.Optional(
  Type.String({ maxLength: 1_024, description: "Reason in words; Telegram does not show it." }),
);

export const LeaveSchema = Type.Object(
  {
    actor: BotActor,
    target: groups(10),
    object: Type.Optional(Type.Object({ type: Type.Optional(Type.Literal("room")), reason: Reason }, STRICT)),
  },
  STRICT,
);
export const LEAVE_EXAMPLE: Static<typeof LeaveSchema> = { actor, target: group };

export const InviteSchema = Type.Object(
  {
    actor: BotActor,
    target: Type.Array(Person, { minItems: 1, maxItems: 10 }),
    object: Type.Object({ type: Type.Literal("room"), address: Group.properties.address, reason: Reason }, STRICT),
  },
  STRICT,
);
export const INVITE_EXAMPLE: Static<typeof InviteSchema> = {
  actor,
  target: [{ address: "123456789" }],
  object: { type: "room", address: "-1001234567890" },
};

const Member = { type: Type.Optional(Type.Literal("person")), address: PersonId };
export const KickSchema = Type.Object(
  { actor: BotActor, target: groups(1), object: Type.Object({ ...Member, reason: Reason }, STRICT) },
  STRICT,
);
export const KICK_EXAMPLE: Static<typeof KickSchema> = { actor, target: group, object: { address: "123456789" } };

export const UnbanSchema = Type.Object(
  { actor: BotActor, target: groups(1), object: Type.Object(Member, STRICT) },
  STRICT,
);
export const UNBAN_EXAMPLE: Static<typeof UnbanSchema> = { actor, target: group, object: { address: "123456789" } };
