import Type, { type TSchema } from "typebox";
import { ADDRESS_LENGTH } from "../../../model/activity.ts";
import { ANY_JID, BARE_JID, TEXT } from "../client/jid.ts";

export const STRICT = { additionalProperties: false } as const;

/** Builds a string schema of text that XML can carry. */
export const text = (maxLength: number, more: { readonly minLength?: number; readonly description?: string } = {}) =>
  Type.String({ maxLength, pattern: TEXT, ...more });

const Name = Type.Optional(text(256));
export const XmppActor = Type.Object(
  { address: Type.String({ minLength: 3, maxLength: ADDRESS_LENGTH, pattern: BARE_JID }), name: Name },
  STRICT,
);
/** Target with any JID: person, session, room, occupant of a room, or service. */
export const AnyTarget = Type.Object(
  { address: Type.String({ minLength: 1, maxLength: ADDRESS_LENGTH, pattern: ANY_JID }), name: Name },
  STRICT,
);
/** Target with a bare JID: a person or a room. */
export const BareTarget = Type.Object(
  { address: Type.String({ minLength: 3, maxLength: ADDRESS_LENGTH, pattern: BARE_JID }), name: Name },
  STRICT,
);

export const MessageId = text(256, {
  minLength: 1,
  description: "The message's `id`, as it arrived or as the result gave it.",
});
export const EmptyObject = Type.Optional(Type.Object({}, STRICT));

/** Builds the schema of a verb with 1 to `maxTargets` targets. */
export function verbSchema<Target extends TSchema, ObjectSchema extends TSchema>(
  target: Target,
  maxTargets: number,
  object: ObjectSchema,
) {
  const targets = Type.Array(target, { minItems: 1, maxItems: maxTargets });
  return Type.Object({ actor: XmppActor, target: targets, object }, STRICT);
}

/** Parts of the examples. */
export const ACTOR_EXAMPLE = { address: "bob@example.com" };
export const PERSON_EXAMPLE = [{ address: "alice@example.org" }];
export const ROOM_ADDRESS_EXAMPLE = "garden@rooms.example.org";
export const ROOM_EXAMPLE = [{ address: ROOM_ADDRESS_EXAMPLE }];
export const ID_EXAMPLE = "01JD0000000000000000000000";
