import type { TObject } from "typebox";
import { defineVerb, type RenamedValue, renamedValues, type Verb } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { ReadSchema, SendSchema, TypingSchema } from "../schemas/messages.ts";
import { DeleteSchema, PostSchema, ReactSchema, UpdateSchema } from "../schemas/posts.ts";
import { FetchSchema, QuerySchema, SearchSchema, SubscribeSchema } from "../schemas/reading.ts";
import { read, send, typing } from "./messaging.ts";
import { post, react, remove, unreact, update } from "./posting.ts";
import { fetchItems, query, search } from "./reading.ts";
import { subscribe, unsubscribe } from "./subscribing.ts";

const actor = { address: "104998765432101" };
const person = [{ address: "6543210987654321" }];
const id = "104998765432101_122100000000000001";
const plain = { as: "plain", tooLong: "refused", note: "lists as lines, addresses behind their links" } as const;
const own = { note: "own posts and comments, and comments on own posts" } as const;

/** Ids of posts and comments were addresses of targets. */
const ID_AS_TARGET: readonly RenamedValue[] = [
  {
    pointer: "/target/*/address",
    example: id,
    isOld: (address, { object }) =>
      address !== "public" && !(typeof object === "object" && object !== null && "id" in object),
    instead: "`object.id`",
  },
];

/** All verbs of Facebook; a Page carries them out. */
export const verbs: Readonly<Record<string, Verb<TObject, Client>>> = {
  send: defineVerb<typeof SendSchema, Client>({
    summary: "Sends a message to people who wrote to the Page, within 24 hours of their last message",
    schema: SendSchema,
    example: { actor, target: person, object: { body: "Your parcel is on its way." } },
    renamed: {
      "/object/quickReplies": "object.buttons, with title and value",
      "/object/tag": "object.facebook.tag",
    },
    capabilities: {
      body: { as: "kept", tooLong: "refused", note: "not beside an attachment" },
      html: plain,
      markdown: plain,
      attachments: { as: "kept", note: "by url only; Facebook downloads it" },
    },
    run: send,
  }),
  typing: defineVerb<typeof TypingSchema, Client>({
    summary: "Shows a person that the Page is writing, or has stopped",
    schema: TypingSchema,
    example: { actor, target: person, object: { state: "composing" } },
    run: typing,
  }),
  read: defineVerb<typeof ReadSchema, Client>({
    summary: "Marks all messages of a person as read",
    schema: ReadSchema,
    example: { actor, target: person, object: {} },
    run: read,
  }),
  post: defineVerb<typeof PostSchema, Client>({
    summary: "Publishes a text, a link or a photo as the Page, or a comment",
    schema: PostSchema,
    example: { actor, target: [{ address: "public" }], object: { body: "We are open on Sunday." } },
    renamed: { "/object/link": "object.url" },
    capabilities: {
      body: { as: "kept", tooLong: "refused", note: "8,000 characters in a comment" },
      html: plain,
      markdown: plain,
      attachments: { as: "kept", note: "one picture, by url" },
    },
    run: post,
  }),
  update: defineVerb<typeof UpdateSchema, Client>({
    summary: "Changes the text of an own post or comment",
    schema: UpdateSchema,
    example: { actor, target: [], object: { id, body: "We are open on Saturday." } },
    renamedValues: ID_AS_TARGET,
    capabilities: { id: own, body: { as: "kept", tooLong: "refused" }, html: plain, markdown: plain },
    run: update,
  }),
  delete: defineVerb<typeof DeleteSchema, Client>({
    summary: "Deletes an own post, or a comment on one",
    schema: DeleteSchema,
    example: { actor, target: [], object: { id } },
    renamedValues: ID_AS_TARGET,
    capabilities: { id: own },
    run: remove,
  }),
  react: defineVerb<typeof ReactSchema, Client>({
    summary: "Likes a post or comment as the Page",
    schema: ReactSchema,
    example: { actor, target: [], object: { id, content: "like" } },
    renamedValues: ID_AS_TARGET,
    run: react,
  }),
  unreact: defineVerb<typeof ReactSchema, Client>({
    summary: "Takes the Page's like back",
    schema: ReactSchema,
    example: { actor, target: [], object: { id } },
    renamedValues: ID_AS_TARGET,
    run: unreact,
  }),
  fetch: defineVerb<typeof FetchSchema, Client>({
    summary: "Reads a page of the Page's posts, comments or messages",
    schema: FetchSchema,
    example: { actor, target: [{ address: "conversations" }], object: { limit: 10 } },
    run: fetchItems,
  }),
  search: defineVerb<typeof SearchSchema, Client>({
    summary: "Searches Pages; Facebook offers no search for people",
    schema: SearchSchema,
    example: { actor, target: [{ address: "city library" }], object: {} },
    run: search,
  }),
  query: defineVerb<typeof QuerySchema, Client>({
    summary: "Reads profiles of the Page or of people, or the usage of the Page's calls",
    schema: QuerySchema,
    example: { actor, target: person, object: { type: "person" } },
    renamedValues: renamedValues("/target/*/address", {
      me: "no target, and `object.type` person",
      limits: "no target, and `object.type` limits",
    }),
    run: query,
  }),
  subscribe: defineVerb<typeof SubscribeSchema, Client>({
    summary: "Subscribes the webhook to the Page's messages or feed",
    schema: SubscribeSchema,
    example: { actor, target: [{ address: "messages" }], object: {} },
    renamed: { "/object/type": "the target alone, which names what is subscribed to" },
    run: subscribe,
  }),
  unsubscribe: defineVerb<typeof SubscribeSchema, Client>({
    summary: "Ends the webhook's subscription to the Page's messages or feed",
    schema: SubscribeSchema,
    example: { actor, target: [{ address: "feed" }], object: {} },
    renamed: { "/object/type": "the target alone, which names what is subscribed to" },
    run: unsubscribe,
  }),
};
