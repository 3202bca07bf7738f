import Type from "typebox";
import { markupForms, needsText } from "../../../platform/vocabulary/vocabulary.ts";
import { address, attachment, Message, Page, POST_PATTERN, STRICT, text, verbSchema } from "./common.ts";

const PostId = Type.String({ maxLength: 128, pattern: POST_PATTERN, description: "The id of the post or comment." });
/** Schema of the target of verbs on posts. The target is optional, since `object.id` names the post. */
const PostTarget = Type.Array(
  address(`^public$|${POST_PATTERN}`, "`public`, or the id of the post that a comment belongs to."),
  { maxItems: 1 },
);

/** Largest text of a post in characters. */
export const MAX_POST = 63_206;

const PostObject = Type.Object(
  {
    type: Message,
    body: Type.Optional(text(MAX_POST)),
    ...markupForms(),
    url: Type.Optional(
      Type.String({ format: "uri", maxLength: 2048, pattern: "^https?://", description: "A page to link to." }),
    ),
    attachments: attachment("A photo, by url; the body becomes its caption."),
    inReplyTo: Type.Optional({ ...PostId, description: "The post or comment that this comment answers." }),
  },
  {
    ...STRICT,
    ...needsText("url", "attachments"),
    description: "A post needs a text, a link or a photo; a comment a text or a picture.",
  },
);

/** Schema of `post`; a post goes to everybody. */
export const PostSchema = verbSchema(Page, PostTarget, PostObject);

/** Schema of `update`. */
export const UpdateSchema = verbSchema(
  Page,
  PostTarget,
  Type.Object(
    { type: Message, id: PostId, body: Type.Optional(text(MAX_POST)), ...markupForms() },
    { ...STRICT, ...needsText(), description: "A change needs a text." },
  ),
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
