import { MAX_ATTACHMENT_BYTES } from "../../../model/activity.ts";
import { connectionVerbs } from "../../../platform/connection.ts";
import { defineVerb, type RenamedValue, renamedValues, type Verb } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { XActor } from "../schemas/common.ts";
import { MEDIA_TYPES } from "../schemas/media-types.ts";
import { SendSchema } from "../schemas/messages.ts";
import { FollowSchema } from "../schemas/people.ts";
import { DeleteSchema, ID_AS_TARGET, PostSchema, ReactSchema, ShareSchema } from "../schemas/posts.ts";
import { FetchSchema, QuerySchema, SearchSchema, SubscribeSchema } from "../schemas/reading.ts";
import { post, remove, send } from "./posting.ts";
import { fetchItems, query, search } from "./reading.ts";
import { subscribe, unsubscribe } from "./subscribing.ts";
import { follow, react, share, unfollow, unreact, unshare } from "./toggles.ts";

type XVerb = Verb<Verb["schema"], Client>;

const actor = { address: "@bob" };
const id = "1900000000000000001";
const alice = [{ address: "@alice" }];
const media = { as: "kept", mediaTypes: Object.keys(MEDIA_TYPES), maxBytes: MAX_ATTACHMENT_BYTES } as const;
const plain = { as: "plain", tooLong: "refused", note: "lists as lines, addresses behind their links" } as const;
const own = { note: "own posts and messages; messages from the account's own view only" } as const;
const tier = { note: "where X allows it to the app" } as const;

const writing: Record<string, XVerb> = {
  post: defineVerb({
    summary: "Posts on the account's timeline, also as an answer or with a quoted post",
    schema: PostSchema,
    example: { actor, target: [{ address: "public" }], object: { body: "Hello World!" } },
    renamed: { "/object/quote": "object.quotes" },
    capabilities: {
      body: { as: "kept", tooLong: "refused", note: "weight of at most 280 by X's counting" },
      html: plain,
      markdown: plain,
      attachments: { ...media, note: "four pictures of up to 5 MB, or one GIF or video" },
      inReplyTo: { note: "where the post's author mentioned or quoted the account" },
      quotes: tier,
    },
    run: post,
  }),
  send: defineVerb({
    summary: "Sends a direct message to people by name or id, or into conversations",
    schema: SendSchema,
    example: { actor, target: alice, object: { body: "Hello Alice!" } },
    capabilities: { body: { as: "kept", tooLong: "refused" }, html: plain, markdown: plain, attachments: media },
    run: send,
  }),
  delete: defineVerb({
    summary: "Deletes an own post, or a message from the account's own view",
    schema: DeleteSchema,
    example: { actor, target: [{ address: "public" }], object: { id } },
    renamedValues: ID_AS_TARGET,
    capabilities: { id: own },
    run: remove,
  }),
};

const toggles: Record<string, XVerb> = {
  share: defineVerb({
    summary: "Reposts a post to the account's followers",
    schema: ShareSchema,
    example: { actor, target: [], object: { id } },
    renamedValues: ID_AS_TARGET,
    run: share,
  }),
  unshare: defineVerb({
    summary: "Undoes a repost",
    schema: ShareSchema,
    example: { actor, target: [], object: { id } },
    renamedValues: ID_AS_TARGET,
    run: unshare,
  }),
  react: defineVerb({
    summary: "Likes a post, where X allows it to the app",
    schema: ReactSchema,
    example: { actor, target: [], object: { id, content: "like" } },
    renamedValues: ID_AS_TARGET,
    capabilities: { content: tier },
    run: react,
  }),
  unreact: defineVerb({
    summary: "Undoes a like, where X allows it to the app",
    schema: ReactSchema,
    example: { actor, target: [], object: { id } },
    renamedValues: ID_AS_TARGET,
    capabilities: { content: tier },
    run: unreact,
  }),
  follow: defineVerb({
    summary: "Follows people, where X allows it to the app",
    schema: FollowSchema,
    example: { actor, target: alice, object: {} },
    run: follow,
  }),
  unfollow: defineVerb({
    summary: "Unfollows people, where X allows it to the app",
    schema: FollowSchema,
    example: { actor, target: alice, object: {} },
    run: unfollow,
  }),
};

/** Pages were asked for by ids of posts. */
const PAGES: readonly RenamedValue[] = (["after", "before"] as const).map((name) => ({
  pointer: `/object/${name}`,
  example: "1900000000000000001",
  isOld: (value) => typeof value === "string" && /^[0-9]{1,19}$/.test(value),
  instead: name === "after" ? "`next` of the page before" : "`previous` of the page after",
}));

const reading: Record<string, XVerb> = {
  fetch: defineVerb({
    summary: "Reads a page of timelines, mentions, threads or messages, newest first",
    schema: FetchSchema,
    example: { actor, target: [{ address: "mentions" }], object: { limit: 10 } },
    renamedValues: PAGES,
    run: fetchItems,
  }),
  search: defineVerb({
    summary: "Searches posts of the last week, or people",
    schema: SearchSchema,
    example: { actor, target: [{ address: "dragoman" }], object: { type: "person" } },
    run: search,
  }),
  query: defineVerb({
    summary: "Reads people's profiles, the account's own, or its rate limits at X",
    schema: QuerySchema,
    example: { actor, target: [{ address: "12" }], object: { type: "person" } },
    renamedValues: renamedValues("/target/*/address", {
      me: "no target, and `object.type` person",
      limits: "no target, and `object.type` limits",
    }),
    run: query,
  }),
};

const subscribing: Record<string, XVerb> = {
  subscribe: defineVerb({
    summary: "Reports new mentions, direct messages or results of a query as events",
    schema: SubscribeSchema,
    example: { actor, target: [{ address: "mentions" }], object: {} },
    needsConnection: true,
    run: subscribe,
  }),
  unsubscribe: defineVerb({
    summary: "Ends subscriptions",
    schema: SubscribeSchema,
    example: { actor, target: [{ address: "mentions" }], object: {} },
    needsConnection: true,
    run: unsubscribe,
  }),
};

/** All verbs of X. */
export const verbs: Readonly<Record<string, XVerb>> = {
  ...writing,
  ...toggles,
  ...reading,
  ...subscribing,
  ...connectionVerbs("@bob", XActor),
};
