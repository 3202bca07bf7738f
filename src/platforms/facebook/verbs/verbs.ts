import type { TObject } from "typebox";
import { defineVerb, type Verb } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import * as shapes from "../schemas/schemas.ts";
import { read, send, typing } from "./messaging.ts";
import { post, react, remove, reply, unreact, update } from "./posting.ts";
import { fetchItems, query, search } from "./reading.ts";
import { subscribe, unsubscribe } from "./subscribing.ts";

const actor = { address: "104998765432101" };
const person = [{ address: "6543210987654321" }];
const thing = [{ address: "104998765432101_122100000000000001" }];

/** What can be done at Facebook, as a Page. */
export const verbs: Readonly<Record<string, Verb<TObject, Client>>> = {
  send: defineVerb<typeof shapes.SendShape, Client>({
    summary: "Writes to people who wrote to the Page, within 24 hours of their last message",
    schema: shapes.SendShape,
    example: { actor, target: person, object: { body: "Your parcel is on its way." } },
    run: send,
  }),
  typing: defineVerb<typeof shapes.TypingShape, Client>({
    summary: "Shows somebody that the Page is writing, or no longer",
    schema: shapes.TypingShape,
    example: { actor, target: person, object: { state: "composing" } },
    run: typing,
  }),
  read: defineVerb<typeof shapes.ReadShape, Client>({
    summary: "Marks what somebody wrote as read",
    schema: shapes.ReadShape,
    example: { actor, target: person, object: {} },
    run: read,
  }),
  post: defineVerb<typeof shapes.PostShape, Client>({
    summary: "Posts a text, a link or a photo as the Page",
    schema: shapes.PostShape,
    example: { actor, target: [{ address: "public" }], object: { body: "We are open on Sunday." } },
    run: post,
  }),
  reply: defineVerb<typeof shapes.ReplyShape, Client>({
    summary: "Comments on posts, or answers comments, as the Page",
    schema: shapes.ReplyShape,
    example: { actor, target: thing, object: { body: "Thank you!" } },
    run: reply,
  }),
  update: defineVerb<typeof shapes.UpdateShape, Client>({
    summary: "Changes the words of an own post or comment",
    schema: shapes.UpdateShape,
    example: { actor, target: thing, object: { body: "We are open on Saturday." } },
    run: update,
  }),
  delete: defineVerb<typeof shapes.ThingsShape, Client>({
    summary: "Deletes own posts, and comments on them",
    schema: shapes.ThingsShape,
    example: { actor, target: thing, object: {} },
    run: remove,
  }),
  react: defineVerb<typeof shapes.ReactShape, Client>({
    summary: "Likes posts and comments as the Page",
    schema: shapes.ReactShape,
    example: { actor, target: thing, object: { content: "like" } },
    run: react,
  }),
  unreact: defineVerb<typeof shapes.ReactShape, Client>({
    summary: "Takes the Page's likes back",
    schema: shapes.ReactShape,
    example: { actor, target: thing, object: {} },
    run: unreact,
  }),
  fetch: defineVerb<typeof shapes.FetchShape, Client>({
    summary: "Reads the Page's newest posts, comments or messages",
    schema: shapes.FetchShape,
    example: { actor, target: [{ address: "conversations" }], object: { limit: 10 } },
    run: fetchItems,
  }),
  search: defineVerb<typeof shapes.SearchShape, Client>({
    summary: "Searches Pages; people can't be searched at Facebook",
    schema: shapes.SearchShape,
    example: { actor, target: [{ address: "city library" }], object: {} },
    run: search,
  }),
  query: defineVerb<typeof shapes.QueryShape, Client>({
    summary: "Says who the Page or a person is, and how much of its calls the Page has used up",
    schema: shapes.QueryShape,
    example: { actor, target: [{ address: "me" }], object: {} },
    run: query,
  }),
  subscribe: defineVerb<typeof shapes.SubscribeShape, Client>({
    summary: "Has Facebook push the Page's messages or feed to the webhook",
    schema: shapes.SubscribeShape,
    example: { actor, target: [{ address: "messages" }], object: {} },
    run: subscribe,
  }),
  unsubscribe: defineVerb<typeof shapes.SubscribeShape, Client>({
    summary: "Has Facebook stop pushing the Page's messages or feed",
    schema: shapes.SubscribeShape,
    example: { actor, target: [{ address: "feed" }], object: {} },
    run: unsubscribe,
  }),
};
