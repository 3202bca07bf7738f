import Type, { type TSchema } from "typebox";
import { ADDRESS_LENGTH } from "../../../model/activity.ts";
import { WHITE_SPACE } from "../../../model/pattern-classes.ts";

export const STRICT = { additionalProperties: false } as const;
const NAME = Type.Optional(Type.String({ maxLength: 256 }));

/** Pattern of ids of Pages, and of people as a Page sees them (PSID). */
export const ID_PATTERN = "^[0-9]{1,32}$";
/** Pattern of ids of posts and comments. */
export const POST_PATTERN = "^[0-9]{1,32}(_[0-9]{1,32}){0,2}$";

/** Schema of an account's address: its Page's id. */
export const PageId = Type.String({ maxLength: 32, pattern: ID_PATTERN, description: "The Page's id." });
export const Page = Type.Object({ address: PageId, name: NAME }, STRICT);

/** Returns the schema of any address. validate.ts explains why an actor or target cannot be reached. */
const anyAddress = (description: string) =>
  Type.Object({ address: Type.String({ minLength: 1, maxLength: ADDRESS_LENGTH, description }), name: NAME }, STRICT);
export const Sender = anyAddress("The Page's id: Facebook lets Pages send through apps, not people.");
export const Recipient = anyAddress(
  "The page-scoped id (PSID) of a person who wrote to the Page: `actor.address` of their messages.",
);

/** Returns the schema of an item of `target`. */
export const address = (pattern: string, description: string, maxLength = 128) =>
  Type.Object({ address: Type.String({ minLength: 1, maxLength, pattern, description }), name: NAME }, STRICT);

/** Returns the schema of a `target` with at least one item. */
export const targets = <Item extends TSchema>(item: Item, maxItems: number) =>
  Type.Array(item, { minItems: 1, maxItems });

/** Returns the schema of a verb's activity. */
export const verbSchema = <By extends TSchema, Target extends TSchema, Content extends TSchema>(
  actor: By,
  target: Target,
  object: Content,
) => Type.Object({ actor, target, object }, STRICT);

/** Returns the schema of a text with at least one visible character. */
export const text = (maxLength: number) =>
  Type.String({
    minLength: 1,
    maxLength,
    pattern: `[^${WHITE_SPACE}]`,
    description: "Plain text with at least one visible character.",
  });

export const Message = Type.Optional(Type.Literal("message"));

const LinkedAttachment = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    mediaType: Type.Optional(Type.String({ maxLength: 127, pattern: "^[a-z0-9.+-]+/[A-Za-z0-9.+-]+$" })),
    url: Type.String({
      format: "uri",
      maxLength: 2048,
      pattern: "^https?://",
      description: "Facebook downloads the file itself.",
    }),
  },
  STRICT,
);
/** Returns the schema of at most one attachment by address. */
export const attachment = (description: string) =>
  Type.Optional(Type.Array(LinkedAttachment, { minItems: 1, maxItems: 1, description }));
