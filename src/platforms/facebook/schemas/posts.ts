import Type from "typebox";
import { address, attachment, Message, Page, POST_PATTERN, STRICT, text, verbSchema } from "./common.ts";

const PostId = Type.String({ maxLength: 128, pattern: POST_PATTERN, description: "The id of the post or comment." });
/** Schema of the target of verbs on posts. The target is optional, since `object.id` names the post. */
const PostTarget = Type.Array(
  address(`^public$|${POST_PATTERN}`, "`public`, or the id of the post that a comment belongs to."),
  { maxItems: 1 },
);

const PostObject = Type.Object(
  {
    type: Message,
    body: Type.Optional(text(63_206)),
    url: Type.Optional(
      Type.String({ format: "uri", maxLength: 2048, pattern: "^https?://", description: "A page to link to." }),
    ),
    attachments: attachment("A photo, by url; the body becomes its caption."),
    inReplyTo: Type.Optional({ ...PostId, description: "The post or comment that this comment answers." }),
  },
  {
    ...STRICT,
    anyOf: [{ required: ["body"] }, { required: ["url"] }, { required: ["attachments"] }],
    description: "A post needs a body, a link or a photo; a comment a body or a picture.",
  },
);

/** Schema of `post`; a post goes to everybody. */
export const PostSchema = verbSchema(Page, PostTarget, PostObject);

/** Schema of `update`. */
export const UpdateSchema = verbSchema(
  Page,
  PostTarget,
  Type.Object({ type: Message, id: PostId, body: text(63_206) }, STRICT),
);

/** Schema of `delete`. */
export const DeleteSchema = verbSchema(Page, PostTarget, Type.Object({ type: Message, id: PostId }, STRICT));

/** Schema of `react` and `unreact`. */
export const ReactSchema = verbSchema(
  Page,
  PostTarget,
  Type.Object(
    {
      type: Type.Optional(Type.Literal("reaction")),
      id: PostId,
      content: Type.Optional(Type.Literal("like", { description: "By the API a Page can only like; default." })),
    },
    STRICT,
  ),
);
