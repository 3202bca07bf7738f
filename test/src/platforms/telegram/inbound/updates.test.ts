import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { eventIssues } from "../../../../../src/platform/vocabulary/check.ts";
import { eventsOf } from "../../../../../src/platforms/telegram/inbound/updates.ts";
import { ALICE, BOT, GROUP, telegramSimulator } from "../../../../support/telegram-simulator.ts";

const api = await telegramSimulator();
afterAll(() => api.stop());
const bob = { id: 7, is_bot: false, first_name: "Bob" };
const alice = { address: String(ALICE.id), name: "Alice Liddell", id: "@alice" };

function eventsFor(update: Readonly<Record<string, unknown>>) {
  api.push(update);
  const events = eventsOf({ update_id: 9, ...update }, "@example_bot").map(({ event }) => event);
  for (const event of events) expect(eventIssues(["telegram"], event)).toEqual([]);
  return events;
}

describe("updates", () => {
  it("become messages with their sender, conversation, time and rich text", () => {
    const text = "Hello big world";
    const entities = [
      { type: "bold", offset: 6, length: 3 },
      { type: "text_link", offset: 10, length: 5, url: "https://example.org/" },
    ];
    expect(eventsFor({ message: { ...api.message({ text, entities }), message_id: 5 } })).toEqual([
      {
        platform: "telegram",
        verb: "send",
        actor: alice,
        target: [{ address: "@example_bot" }],
        object: {
          type: "message",
          id: "5",
          body: text,
          html: '<p>Hello <strong>big</strong> <a href="https://example.org/">world</a></p>',
        },
        context: { type: "direct", id: String(ALICE.id) },
        id: "5",
        published: "2026-09-21T14:13:20.000Z",
        self: false,
      },
    ]);
  });

  it("carry attachments, replies, locations and the author of a forwarded message", () => {
    const photo = [{ file_id: "AgAC", file_unique_id: "u", width: 90, height: 60, file_size: 1_200 }];
    const origin = { type: "user", date: 1_790_000_000, sender_user: bob };
    const reply = api.message({ text: "before" });
    const [event] = eventsFor({
      message: api.message({ photo, caption: "Look", forward_origin: origin, reply_to_message: reply }, GROUP),
    });
    expect(event?.object).toMatchObject({
      body: "Look",
      attachments: [{ id: "AgAC", mediaType: "image/jpeg", size: 1_200, width: 90, height: 60 }],
      inReplyTo: String(reply.message_id),
      forwardedFrom: { address: "7", name: "Bob" },
    });
    expect(event?.context).toEqual({ type: "room", id: String(GROUP.id), name: "Garden" });
    const [located] = eventsFor({ message: api.message({ location: { latitude: 1.5, longitude: 2 } }) });
    expect(located?.object.location).toEqual({ latitude: 1.5, longitude: 2 });
  });

  it("distinguish topics, edits, channel posts and pressed buttons", () => {
    const inTopic = { text: "x", message_thread_id: 12, is_topic_message: true };
    expect(eventsFor({ message: api.message(inTopic, { ...GROUP, is_forum: true }) })[0]?.context).toEqual({
      type: "thread",
      id: `${GROUP.id}/12`,
      name: "Garden",
    });
    expect(eventsFor({ edited_message: api.message({ text: "y", edit_date: 1_790_000_060 }) })[0]).toMatchObject({
      verb: "update",
      object: { body: "y" },
      published: "2026-09-21T14:14:20.000Z",
    });
    const channel = { id: -100, type: "channel", title: "News" };
    const { from: _, ...post } = api.message({ text: "z", sender_chat: channel }, channel);
    expect(eventsFor({ channel_post: post })[0]).toMatchObject({
      verb: "post",
      actor: { address: "-100", name: "News" },
      context: { type: "feed", id: "-100", name: "News" },
    });
    const pressed = {
      id: "1",
      from: ALICE,
      chat_instance: "c",
      data: "yes",
      message: { ...api.message({ text: "?" }), message_id: 6 },
    };
    expect(eventsFor({ callback_query: pressed })[0]).toMatchObject({
      verb: "send",
      actor: alice,
      object: { value: "yes", inReplyTo: "6" },
    });
  });

  it("report joins, leaves and removals", () => {
    expect(eventsFor({ message: api.message({ new_chat_members: [ALICE, bob] }, GROUP) })).toMatchObject([
      { verb: "join", actor: alice },
      { verb: "join", actor: { address: "7" } },
    ]);
    expect(eventsFor({ message: api.message({ left_chat_member: ALICE }, GROUP) })[0]?.object).toEqual({
      type: "room",
      cause: "left",
    });
    expect(eventsFor({ message: api.message({ left_chat_member: bob }, GROUP) })[0]).toMatchObject({
      verb: "leave",
      actor: { address: "7" },
      object: { cause: "kicked", by: alice },
    });
    const change = (status: string, before: string) => ({
      chat: GROUP,
      from: ALICE,
      date: 1_790_000_000,
      old_chat_member: { status: before, user: BOT },
      new_chat_member: { status, user: BOT, ...(status === "kicked" ? { until_date: 0 } : {}) },
    });
    expect(eventsFor({ my_chat_member: change("member", "left") })[0]).toMatchObject({ verb: "join", self: true });
    expect(eventsFor({ my_chat_member: change("kicked", "member") })[0]).toMatchObject({
      verb: "leave",
      self: true,
      object: { cause: "banned", by: alice },
    });
  });

  it("name the new address of a group that has become a supergroup, once", () => {
    const [moved, ...more] = [
      ...eventsFor({ message: api.message({ migrate_to_chat_id: -1_001_234 }, GROUP) }),
      ...eventsFor({ message: api.message({ migrate_from_chat_id: GROUP.id }, { ...GROUP, id: -1_001_234 }) }),
    ];
    expect(moved).toMatchObject({
      verb: "update",
      object: { type: "room", address: "-1001234" },
      context: { type: "room", id: String(GROUP.id) },
    });
    expect(more).toEqual([]);
  });

  it("become added and removed reactions", () => {
    const reaction = (emoji: string) => ({ type: "emoji", emoji });
    const update = {
      chat: GROUP,
      message_id: 5,
      user: ALICE,
      date: 1_790_000_000,
      old_reaction: [reaction("👍")],
      new_reaction: [reaction("🔥")],
    };
    expect(eventsFor({ message_reaction: update }).map(({ verb, object }) => [verb, object.content])).toEqual([
      ["unreact", "👍"],
      ["react", "🔥"],
    ]);
  });

  it("match Telegram's description where it is present", () => {
    expect(api.issues).toEqual([]);
  });

  it("never throw for any content", () => {
    const kinds = fc.constantFrom(
      "message",
      "edited_message",
      "channel_post",
      "callback_query",
      "my_chat_member",
      "message_reaction",
    );
    fc.assert(
      fc.property(kinds, fc.object({ maxDepth: 3 }), fc.anything(), (kind, fields, chat) => {
        expect(Array.isArray(eventsOf({ update_id: 1, [kind]: { ...fields, chat } }, "b"))).toBe(true);
      }),
    );
  });
});
