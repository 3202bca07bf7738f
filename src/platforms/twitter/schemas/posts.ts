import Type, { type Static } from "typebox";
import { Attachment } from "../../../model/activity.ts";
import type { RenamedValue } from "../../../platform/platform.ts";
import { markupForms, needsText } from "../../../platform/vocabulary/vocabulary.ts";
import { CONVERSATION_PATTERN, PERSON_PATTERN, POST_PATTERN } from "./address.ts";
import { anyOfPatterns, Message, optionalTarget, PostId, STRICT, text, verbSchema } from "./common.ts";

const THREAD_PATTERN = "^(public|thread:[0-9]{1,19})$";
/** Schema of the target of verbs on posts. The target is optional, since `object.id` names the post. */
const PostTarget = optionalTarget(THREAD_PATTERN, "`public`, or `thread:` with the conversation's id.");

const PostObject = Type.Object(
  {
    type: Message,
    body: Type.Optional(text(25_000)),
    ...markupForms(),
    attachments: Type.Optional(Type.Array(Attachment, { minItems: 1, maxItems: 4 })),
    inReplyTo: Type.Optional({ ...PostId, description: "The post that this answers: its id or its address." }),
    quotes: Type.Optional({ ...PostId, description: "The post that this quotes: its id or its address." }),
  },
  {
    ...STRICT,
    ...needsText("attachments"),
    description: "A post needs a text, an attachment, or both; by X's counting the text's weight is at most 280.",
  },
);
export type PostObject = Static<typeof PostObject>;

/** Schema of `post`; a post goes to everybody. */
export const PostSchema = verbSchema(PostTarget, PostObject);

const POST_ID = new RegExp(POST_PATTERN);
/** Ids of posts and messages were addresses of targets. */
export const ID_AS_TARGET: readonly RenamedValue[] = [
  idAsTarget("1900000000000000001", (address) => POST_ID.test(address), "`object.id`"),
  idAsTarget(
    "message:1900000000000000001",
    (address) => address.startsWith("message:"),
    "`object.id`, with the conversation as target",
  ),
];

function idAsTarget(example: string, isId: (address: string) => boolean, instead: string): RenamedValue {
  return {
    pointer: "/target/*/address",
    example,
    isOld: (value, { object }) => typeof value === "string" && isId(value) && !hasId(object),
    instead,
  };
}

function hasId(object: unknown): boolean {
  return typeof object === "object" && object !== null && "id" in object;
}

const ReactionObject = Type.Object(
  {
    type: Type.Optional(Type.Literal("reaction")),
    id: { ...PostId, description: "The post: its id or its address on x.com." },
    content: Type.Optional(Type.Literal("like", { description: "X knows only likes; default." })),
  },
  STRICT,
);
/** Schema of `react` and `unreact`. */
export const ReactSchema = verbSchema(PostTarget, ReactionObject);

/** Schema of `share` and `unshare`. */
export const ShareSchema = verbSchema(
  PostTarget,
  Type.Object({ type: Message, id: { ...PostId, description: "The post: its id or its address on x.com." } }, STRICT),
);

/** Schema of `delete`; the target tells a message from a post. */
export const DeleteSchema = verbSchema(
  optionalTarget(
    anyOfPatterns(THREAD_PATTERN, PERSON_PATTERN, CONVERSATION_PATTERN),
    "Of a message: its conversation, as `send` takes it. Of a post: none, `public` or its thread.",
  ),
  Type.Object({ type: Message, id: { ...PostId, description: "The id of the post or message." } }, STRICT),
);
