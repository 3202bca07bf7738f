import Type, { type Static, type TSchema } from "typebox";
import { TERMS } from "../../../platform/vocabulary/vocabulary.ts";
import { MailAddress, MessageId } from "./message.ts";

const NO_CONTROLS = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$";

/** Account that owns the mailbox. */
export const MailboxActor = Type.Object(
  { address: MailAddress, name: Type.Optional(Type.String({ maxLength: 256 })) },
  { additionalProperties: false },
);
const NoTarget = Type.Optional(Type.Array(Type.Object({}), { maxItems: 0 }));

const Folder = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: NO_CONTROLS,
  description: "A folder's path as query lists it; default INBOX.",
});
const SearchText = Type.Optional(Type.String({ minLength: 1, maxLength: 256, pattern: NO_CONTROLS }));
const Uid = Type.Integer({ minimum: 1, maximum: 4_294_967_295 });
const Uids = Type.Union([Uid, Type.Array(Uid, { minItems: 1, maxItems: 100 })]);
const Time = Type.Optional(Type.String({ format: "date-time" }));
const Flag = Type.Optional(Type.Boolean());
/** Pattern of a position in a folder: uidValidity and uid, as pages give it. */
export const POSITION = "^[0-9]{1,20}\\.[0-9]{1,10}$";
const PAGING = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: "Default 20." })),
  after: Type.Optional(Type.String({ pattern: POSITION, description: TERMS.after.meaning })),
  before: Type.Optional(Type.String({ pattern: POSITION, description: TERMS.before.meaning })),
};

/** Properties that select mails of a folder. */
const Selection = {
  folder: Type.Optional(Folder),
  uidValidity: Type.Optional(
    Type.String({
      pattern: "^[0-9]{1,20}$",
      description: "As received with the uid: with another value in the folder by now, nothing is found.",
    }),
  ),
  id: Type.Optional({ ...MessageId, description: "Message-ID." }),
};
const UID_OR_ID = { anyOf: [{ required: ["uid"] }, { required: ["id"] }] };

function mailboxSchema<Schema extends TSchema>(object: Schema) {
  return Type.Object({ actor: MailboxActor, target: NoTarget, object }, { additionalProperties: false });
}
const strict = { additionalProperties: false };

/** Schema of `subscribe` and `unsubscribe`. */
export const SubscribeSchema = mailboxSchema(Type.Optional(Type.Object({ folder: Type.Optional(Folder) }, strict)));

const Fetch = Type.Object(
  {
    ...Selection,
    uid: Type.Optional(Uid),
    attachments: Type.Optional(
      Type.Array(Type.String({ pattern: "^[1-9][0-9]{0,3}(\\.[1-9][0-9]{0,3}){0,19}(\\.uu[1-9][0-9]?)?$" }), {
        minItems: 1,
        maxItems: 20,
        description: "Parts of one mail, as `attachments[].part` names them, to get their content.",
      }),
    ),
    offset: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 52_428_800,
        description: "First byte, when a single attachment is fetched.",
      }),
    ),
    raw: Type.Optional(Type.Boolean({ description: TERMS.raw.meaning })),
    since: Time,
    until: Time,
    ...PAGING,
  },
  strict,
);
/** Schema of `fetch`. With uid or id a single mail, else a page of a folder, newest first. */
export const FetchSchema = mailboxSchema(Type.Optional(Fetch));
export type FetchObject = Static<typeof Fetch>;

const Search = Type.Object(
  {
    folder: Type.Optional(Folder),
    text: SearchText,
    subject: SearchText,
    body: SearchText,
    from: SearchText,
    to: SearchText,
    cc: SearchText,
    since: Time,
    until: Time,
    unseen: Flag,
    flagged: Flag,
    answered: Flag,
    larger: Type.Optional(Type.Integer({ minimum: 0, maximum: 4_294_967_295 })),
    ...PAGING,
  },
  { ...strict, minProperties: 1 },
);
/** Schema of `search`; a mail must match all conditions. */
export const SearchSchema = mailboxSchema(Search);
export type SearchObject = Static<typeof Search>;

/** Schema of `query`. */
export const QuerySchema = mailboxSchema(
  Type.Object({ type: Type.Union([Type.Literal("folders"), Type.Literal("quota")]) }, strict),
);

const Mails = { ...Selection, uid: Type.Optional(Uids) };
/** Schema of `read`. */
export const ReadSchema = mailboxSchema(
  Type.Object(
    { ...Mails, seen: Type.Optional(Type.Boolean({ description: "Default true." })) },
    { ...strict, ...UID_OR_ID },
  ),
);
/** Schema of `flag`. */
export const FlagSchema = mailboxSchema(
  Type.Object(
    { ...Mails, flagged: Type.Optional(Type.Boolean({ description: "Default true." })) },
    { ...strict, ...UID_OR_ID },
  ),
);
/** Schema of `move`. */
export const MoveSchema = mailboxSchema(Type.Object({ ...Mails, destination: Folder }, { ...strict, ...UID_OR_ID }));
/** Schema of `delete`. */
export const DeleteSchema = mailboxSchema(
  Type.Object(
    {
      ...Mails,
      permanent: Type.Optional(Type.Boolean({ description: TERMS.permanent.meaning })),
    },
    { ...strict, ...UID_OR_ID },
  ),
);

/** Object of any of the verbs that change mails. */
export const ChangeObject = Type.Object(
  {
    ...Mails,
    seen: Type.Optional(Type.Boolean()),
    flagged: Type.Optional(Type.Boolean()),
    destination: Type.Optional(Folder),
    permanent: Type.Optional(Type.Boolean()),
  },
  strict,
);
export type ChangeObject = Static<typeof ChangeObject>;
