import { connectionVerbs } from "../../../platform/connection.ts";
import { defineVerb, type Verb } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import * as shapes from "../schemas/schemas.ts";
import { post, remove, send } from "./posting.ts";
import { fetchItems, query, search } from "./reading.ts";
import { subscribe, unsubscribe } from "./subscribing.ts";
import { follow, react, share, unfollow, unreact, unshare } from "./toggles.ts";

type XVerb = Verb<Verb["schema"], Client>;

const actor = { address: "@bob" };
const aPost = [{ address: "1900000000000000001" }];
const alice = [{ address: "@alice" }];

const writing: Record<string, XVerb> = {
  post: defineVerb({
    summary: "Posts on the account's timeline, alone, as an answer, or with a quoted post",
    schema: shapes.PostShape,
    example: { actor, target: [{ address: "public" }], object: { body: "Hello World!" } },
    run: post,
  }),
  send: defineVerb({
    summary: "Writes a direct message to people by name or id, or into conversations",
    schema: shapes.SendShape,
    example: { actor, target: alice, object: { body: "Hello Alice!" } },
    run: send,
  }),
  delete: defineVerb({
    summary: "Deletes own posts, and messages from the account's own view",
    schema: shapes.DeleteShape,
    example: { actor, target: aPost, object: {} },
    run: remove,
  }),
};

const relating: Record<string, XVerb> = {
  share: defineVerb({
    summary: "Reposts others' posts to the account's followers",
    schema: shapes.PostsShape,
    example: { actor, target: aPost, object: {} },
    run: share,
  }),
  unshare: defineVerb({
    summary: "Takes reposts back",
    schema: shapes.PostsShape,
    example: { actor, target: aPost, object: {} },
    run: unshare,
  }),
  react: defineVerb({
    summary: "Likes posts, where X allows it to the app",
    schema: shapes.ReactShape,
    example: { actor, target: aPost, object: { content: "like" } },
    run: react,
  }),
  unreact: defineVerb({
    summary: "Takes likes back, where X allows it to the app",
    schema: shapes.ReactShape,
    example: { actor, target: aPost, object: {} },
    run: unreact,
  }),
  follow: defineVerb({
    summary: "Follows people, where X allows it to the app",
    schema: shapes.PeopleShape,
    example: { actor, target: alice, object: {} },
    run: follow,
  }),
  unfollow: defineVerb({
    summary: "Follows people no longer, where X allows it to the app",
    schema: shapes.PeopleShape,
    example: { actor, target: alice, object: {} },
    run: unfollow,
  }),
};

const reading: Record<string, XVerb> = {
  fetch: defineVerb({
    summary: "Reads timelines, mentions, threads and messages once, newest first",
    schema: shapes.FetchShape,
    example: { actor, target: [{ address: "mentions" }], object: { limit: 10 } },
    run: fetchItems,
  }),
  search: defineVerb({
    summary: "Searches posts of the last week, or people",
    schema: shapes.SearchShape,
    example: { actor, target: [{ address: "dragoman" }], object: { type: "person" } },
    run: search,
  }),
  query: defineVerb({
    summary: "Tells who the account is, or what is left of X's rate limits",
    schema: shapes.QueryShape,
    example: { actor, target: [{ address: "me" }], object: {} },
    run: query,
  }),
};

const watching: Record<string, XVerb> = {
  subscribe: defineVerb({
    summary: "Brings mentions, direct messages or what a query finds as events from now on",
    schema: shapes.SubscribeShape,
    example: { actor, target: [{ address: "mentions" }], object: {} },
    needsConnection: true,
    run: subscribe,
  }),
  unsubscribe: defineVerb({
    summary: "Ends subscriptions",
    schema: shapes.SubscribeShape,
    example: { actor, target: [{ address: "mentions" }], object: {} },
    needsConnection: true,
    run: unsubscribe,
  }),
};

/** Everything that can be done at X. */
export const verbs: Readonly<Record<string, XVerb>> = {
  ...writing,
  ...relating,
  ...reading,
  ...watching,
  ...connectionVerbs("@bob", shapes.XActor),
};
