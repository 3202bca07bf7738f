import Type, { type Static, type TSchema } from "typebox";
import { MailAddress, MessageId } from "./message.ts";

const NO_CONTROLS = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$";

/** The account whose mailbox it is. */
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
const Words = Type.Optional(Type.String({ minLength: 1, maxLength: 256, pattern: NO_CONTROLS }));
const Uid = Type.Integer({ minimum: 1, maximum: 4_294_967_295 });
const Uids = Type.Union([Uid, Type.Array(Uid, { minItems: 1, maxItems: 100 })]);
const Time = Type.Optional(Type.String({ format: "date-time" }));
const Flag = Type.Optional(Type.Boolean());
const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: "Default 20." }));
const Before = Type.Optional({
  ...Uid,
  description: "Only mails with lower uids: what `next` of the page before says.",
});

/** Which mails of which folder. */
const Place = {
  folder: Type.Optional(Folder),
  uidValidity: Type.Optional(
    Type.String({
      pattern: "^[0-9]{1,20}$",
      description: "As it came with the uid: where the folder has another one by now, nothing is found.",
    }),
  ),
  id: Type.Optional({ ...MessageId, description: "Message-ID." }),
};
const ONE_OF = { anyOf: [{ required: ["uid"] }, { required: ["id"] }] };

function mailboxShape<Schema extends TSchema>(object: Schema) {
  return Type.Object({ actor: MailboxActor, target: NoTarget, object }, { additionalProperties: false });
}
const strict = { additionalProperties: false };

/** What `subscribe` and `unsubscribe` take. */
export const SubscribeSchema = mailboxShape(Type.Optional(Type.Object({ folder: Type.Optional(Folder) }, strict)));

const Fetch = Type.Object(
  {
    ...Place,
    uid: Type.Optional(Uid),
    attachments: Type.Optional(
      Type.Array(Type.String({ pattern: "^[1-9][0-9]{0,3}(\\.[1-9][0-9]{0,3}){0,19}$" }), {
        minItems: 1,
        maxItems: 20,
        description: "Parts of one mail, as `attachments[].part` names them, to get their content.",
      }),
    ),
    offset: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 52_428_800, description: "Where in the one attachment asked for to begin." }),
    ),
    since: Time,
    before: Before,
    limit: Limit,
  },
  strict,
);
/** What `fetch` takes: with uid or id one mail, else a page of a folder, newest first. */
export const FetchSchema = mailboxShape(Type.Optional(Fetch));
export type FetchObject = Static<typeof Fetch>;

const Search = Type.Object(
  {
    folder: Type.Optional(Folder),
    text: Words,
    subject: Words,
    body: Words,
    from: Words,
    to: Words,
    cc: Words,
    since: Time,
    until: Time,
    unseen: Flag,
    flagged: Flag,
    answered: Flag,
    larger: Type.Optional(Type.Integer({ minimum: 0, maximum: 4_294_967_295 })),
    before: Before,
    limit: Limit,
  },
  { ...strict, minProperties: 1 },
);
/** What `search` takes; all that is said must fit. */
export const SearchSchema = mailboxShape(Search);
export type SearchObject = Static<typeof Search>;

/** What `query` takes. */
export const QuerySchema = mailboxShape(
  Type.Object({ type: Type.Union([Type.Literal("folders"), Type.Literal("quota")]) }, strict),
);

const Mails = { ...Place, uid: Type.Optional(Uids) };
/** What `read` takes. */
export const ReadSchema = mailboxShape(
  Type.Object(
    { ...Mails, seen: Type.Optional(Type.Boolean({ description: "Default true." })) },
    { ...strict, ...ONE_OF },
  ),
);
/** What `flag` takes. */
export const FlagSchema = mailboxShape(
  Type.Object(
    { ...Mails, flagged: Type.Optional(Type.Boolean({ description: "Default true." })) },
    { ...strict, ...ONE_OF },
  ),
);
/** What `move` takes. */
export const MoveSchema = mailboxShape(Type.Object({ ...Mails, to: Folder }, { ...strict, ...ONE_OF }));
/** What `delete` takes. */
export const DeleteSchema = mailboxShape(
  Type.Object(
    {
      ...Mails,
      forever: Type.Optional(Type.Boolean({ description: "True: not into the trash folder; default false." })),
    },
    { ...strict, ...ONE_OF },
  ),
);

/** What the verbs that change mails say of them, all together. */
export interface ChangeObject {
  readonly folder?: string;
  readonly uidValidity?: string;
  readonly uid?: number | readonly number[];
  readonly id?: string;
  readonly seen?: boolean;
  readonly flagged?: boolean;
  readonly to?: string;
  readonly forever?: boolean;
}
