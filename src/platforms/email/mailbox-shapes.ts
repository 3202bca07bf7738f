import Type, { type TSchema } from "typebox";
import { MailAddress } from "./message-shape.ts";

const NO_CONTROLS = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$";

/** The account whose mailbox it is. */
const Actor = Type.Object(
  { address: MailAddress, name: Type.Optional(Type.String({ maxLength: 256 })) },
  { additionalProperties: false },
);
const NoTarget = Type.Optional(Type.Array(Type.Object({}), { maxItems: 0 }));

/** A folder as `query` names it, in any script. */
export const Folder = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: NO_CONTROLS,
  description: "A folder's path as query lists it; default INBOX.",
});
/** Words to look for. */
export const Words = Type.String({ minLength: 1, maxLength: 256, pattern: NO_CONTROLS });
export const Uid = Type.Integer({ minimum: 1, maximum: 4_294_967_295 });
export const UidValidity = Type.String({
  pattern: "^[0-9]{1,20}$",
  description: "As it came with the uid: where the folder has another one by now, nothing is done.",
});

/** The shape of a verb that concerns an account's own mailbox. */
export function mailboxShape<Schema extends TSchema>(object: Schema) {
  return Type.Object({ actor: Actor, target: NoTarget, object }, { additionalProperties: false });
}

/** What `subscribe` and `unsubscribe` take. */
export const SubscribeShape = mailboxShape(
  Type.Optional(Type.Object({ folder: Type.Optional(Folder) }, { additionalProperties: false })),
);

/** The actor of every mailbox verb. */
export { Actor as MailboxActor };
