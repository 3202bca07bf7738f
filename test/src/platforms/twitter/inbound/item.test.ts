import { describe, expect, it } from "vitest";
import { eventIssues } from "../../../../../src/platform/vocabulary/check.ts";
import { messageItem, postItem } from "../../../../../src/platforms/twitter/inbound/item.ts";

const users = [
  { id: "34", username: "alice", name: "Alice" },
  { id: "56", username: "carol", name: "Carol" },
];
const long = `${"A whole long text. ".repeat(20)}https://t.co/abc`;
const original = {
  id: "1900000000000000001",
  author_id: "34",
  text: `${long.slice(0, 200)}…`,
  note_post: {
    text: long,
    entities: { urls: [{ start: 0, end: 1, url: "https://t.co/abc", expanded_url: "https://example.org/a?b=1&c=2" }] },
  },
  attachments: { media_keys: ["3_1"] },
};
const repost = {
  id: "1900000000000000009",
  author_id: "56",
  text: `RT @alice: ${long.slice(0, 120)}…`,
  created_at: "2026-11-22T10:00:00Z",
  conversation_id: "1900000000000000009",
  referenced_posts: [{ type: "retweeted", id: original.id }],
};

describe("a repost", () => {
  it.each(["posts", "tweets"])("has the original's whole text, links, media and author, included as %s", (name) => {
    const media = [{ media_key: "3_1", type: "photo", url: "https://pbs.twimg.com/media/a.jpg", width: 3, height: 2 }];
    const item = postItem(repost, { users, media, [name]: [original] }, "12");
    expect(item).toMatchObject({
      verb: "share",
      actor: { address: "@carol", id: "56" },
      id: repost.id,
      object: {
        id: original.id,
        body: long.replace("https://t.co/abc", "https://example.org/a?b=1&c=2"),
        author: { address: "@alice", id: "34", name: "Alice" },
        attachments: [
          { id: "3_1", mediaType: "image/jpeg", url: "https://pbs.twimg.com/media/a.jpg", width: 3, height: 2 },
        ],
      },
    });
    expect(item.object).not.toHaveProperty("bodyTruncated");
    expect(eventIssues(["twitter"], item)).toEqual([]);
  });

  it("takes the author from its text where X includes the original without the author", () => {
    const { author_id: _, ...anonymous } = original;
    expect(postItem(repost, { posts: [anonymous] }, "12").object.author).toEqual({ address: "@alice" });
    expect(postItem(repost, { posts: [original] }, "12").object.author).toEqual({ address: "@alice", id: "34" });
  });

  it("says that its text is cut where X includes no original", () => {
    const { object } = postItem(repost, { users }, "12");
    expect(object).toMatchObject({
      id: original.id,
      body: `${long.slice(0, 120)}…`,
      bodyTruncated: true,
      author: { address: "@alice" },
    });
  });
});

describe("a post", () => {
  it("quotes and answers by id, within its thread", () => {
    const references = [
      { type: "quoted", id: "5" },
      { type: "replied_to", id: "6" },
    ];
    const post = { ...original, conversation_id: "6", referenced_tweets: references };
    const item = postItem(post, { users }, "34");
    expect(item).toMatchObject({
      verb: "post",
      self: true,
      context: { type: "thread", id: "thread:6" },
      object: { quotes: "5", inReplyTo: "6" },
    });
    expect(eventIssues(["twitter"], item)).toEqual([]);
  });

  it("lists a video by its best variant, with its length", () => {
    const media = [
      {
        media_key: "3_1",
        type: "video",
        preview_image_url: "https://pbs.twimg.com/a.jpg",
        duration_ms: 1_500,
        alt_text: "A bee",
        variants: [
          { content_type: "application/x-mpegURL", url: "https://video.twimg.com/a.m3u8" },
          { bit_rate: 632_000, content_type: "video/mp4", url: "https://video.twimg.com/small.mp4" },
          { bit_rate: 2_176_000, content_type: "video/mp4", url: "https://video.twimg.com/large.mp4" },
        ],
      },
    ];
    expect(postItem(original, { users, media }, "12").object.attachments).toEqual([
      { id: "3_1", mediaType: "video/mp4", url: "https://video.twimg.com/large.mp4", duration: 1.5, alt: "A bee" },
    ]);
  });
});

it("a direct message has its links expanded", () => {
  const entities = { urls: [{ start: 0, end: 1, url: "https://t.co/x", expanded_url: "https://example.org/" }] };
  const item = messageItem({ id: "7", sender_id: "34", text: "See https://t.co/x", entities }, { users }, "12");
  expect(item.object.body).toBe("See https://example.org/");
  expect(eventIssues(["twitter"], item)).toEqual([]);
});
