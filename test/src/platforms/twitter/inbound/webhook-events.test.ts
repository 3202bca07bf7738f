import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readWebhook } from "../../../../../src/platforms/twitter/inbound/webhook-events.ts";
import { crcAnswer, verifySignature } from "../../../../../src/platforms/twitter/inbound/webhook-signature.ts";

const addressOf = (user: string) => (user === "12" ? "@bob" : undefined);
const users = [{ id: "34", username: "alice", name: "Alice" }];
const push = (event_type: string, payload: object, user_id = "12") => ({
  data: { filter: { user_id }, event_uuid: "-1", event_type, payload, includes: { users } },
});
const post = { id: "1900000000000000001", text: "Hello @bob", author_id: "34", created_at: "2026-11-22T10:00:00Z" };

it("crcAnswer signs the challenge as X does", () => {
  const expected = createHmac("sha256", "secret").update("a token").digest("base64");
  expect(crcAnswer("secret", "a token")).toEqual({ response_token: `sha256=${expected}` });
});

it("verifySignature accepts only a signature of the exact bytes", () => {
  const raw = Buffer.from('{"data": "Grüße"}');
  const right = `sha256=${createHmac("sha256", "secret").update(raw).digest("base64")}`;
  expect(verifySignature(raw, right, "secret")).toBe(true);
  const wrong = [
    undefined,
    "",
    "sha256=",
    right.replace("sha256=", ""),
    right.slice(0, -2),
    `${right}=`,
    right.toLowerCase(),
  ];
  for (const header of wrong) expect(verifySignature(raw, header, "secret")).toBe(false);
  expect(verifySignature(Buffer.from('{"data":"Grüße"}'), right, "secret")).toBe(false);
  expect(verifySignature(raw, right, "other")).toBe(false);
});

describe("readWebhook", () => {
  it("reads mentions under the key of polled ones", () => {
    expect(readWebhook(push("post.mention.create", post), addressOf)).toEqual([
      {
        userId: "12",
        events: [
          {
            key: `post:${post.id}`,
            event: {
              platform: "twitter",
              verb: "post",
              actor: { address: "@alice", id: "34", name: "Alice" },
              target: [{ address: "@bob" }],
              object: { type: "message", id: post.id, body: "Hello @bob" },
              id: post.id,
              published: "2026-11-22T10:00:00.000Z",
              self: false,
            },
          },
        ],
      },
    ]);
  });

  it("reads direct messages in both forms", () => {
    const fits = { key: "message:7", event: { verb: "send", context: { type: "direct", id: "conversation:12-34" } } };
    const message = {
      id: "7",
      text: "Psst",
      sender_id: "34",
      dm_conversation_id: "12-34",
      event_type: "MessageCreate",
    };
    expect(readWebhook(push("dm.received", message), addressOf)[0]?.events).toMatchObject([fits]);
    const older = {
      direct_message_events: [
        {
          type: "message_create",
          id: "7",
          created_timestamp: "1784928224372",
          message_create: { target: { recipient_id: "12" }, sender_id: "34", message_data: { text: "Psst" } },
        },
      ],
      users: { "34": { data: { id: "34", username: "alice2" } } },
    };
    const body = push("dm.received", older);
    const [pushed] = readWebhook({ data: { ...body.data, includes: undefined } }, addressOf);
    expect(pushed?.events).toMatchObject([fits]);
    expect(pushed?.events[0]?.event).toMatchObject({
      actor: { address: "@alice2" },
      object: { body: "Psst" },
      published: new Date(1784928224372).toISOString(),
    });
  });

  it("reads each follow once", () => {
    const follow = { source: { data: users[0] }, target: { id: "12", username: "bob" } };
    expect(readWebhook(push("follow.follow", follow), addressOf)[0]?.events).toMatchObject([
      {
        key: "follow:34:12:-1",
        event: {
          verb: "follow",
          actor: { address: "@alice" },
          target: [{ address: "@bob" }],
          object: { type: "person", id: "12", address: "@bob" },
        },
      },
    ]);
  });

  it("skips foreign accounts, unknown kinds and malformed payloads", () => {
    for (const body of [
      push("post.create", post, "99"),
      push("space.start", post),
      push("post.create", { ...post, id: "../1" }),
      push("dm.received", { text: 5 }),
      push("follow.follow", {}),
      [],
      null,
      "text",
    ]) {
      expect(readWebhook(body, addressOf)).toEqual([]);
    }
  });

  it("never throws", () => {
    const kinds = fc.constantFrom("post.create", "dm.received", "follow.follow");
    fc.assert(
      fc.property(
        fc.jsonValue(),
        kinds,
        fc.dictionary(fc.constantFrom("id", "text", "source", "entities"), fc.jsonValue()),
        (any, kind, payload) => {
          readWebhook(any, addressOf);
          readWebhook(push(kind, payload), addressOf);
        },
      ),
    );
  });
});
