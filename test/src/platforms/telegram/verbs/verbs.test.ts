import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { Activity } from "../../../../../src/model/activity.ts";
import { Failure } from "../../../../../src/model/failure.ts";
import type { VerbContext } from "../../../../../src/platform/platform.ts";
import { telegram } from "../../../../../src/platforms/telegram/platform.ts";
import { loopbackEgress } from "../../../../support/loopback-egress.ts";
import { ALICE, GROUP, TOKEN, telegramSimulator } from "../../../../support/telegram-simulator.ts";
import { testVerbContext } from "../../../../support/verb-context.ts";

const api = await telegramSimulator();
const guard = loopbackEgress();
const platform = telegram({ telegramApi: api.origin });
const person = [{ address: String(ALICE.id) }];
const group = [{ address: String(GROUP.id) }];
afterAll(async () => {
  await guard.close();
  await api.stop();
});
beforeEach(() => {
  api.calls.length = 0;
  api.issues.length = 0;
  api.override = () => undefined;
});

async function run(
  verb: string,
  target: readonly { readonly address: string }[],
  object: object,
  fields: Partial<VerbContext> = {},
) {
  const client = await platform.createClient?.({
    app: "a",
    credentials: { token: TOKEN },
    egress: guard,
    log: testVerbContext().log,
  } as never);
  const activity = { id: "01TELEGRAM", rid: "1", platform: "telegram", verb, actor: { address: "@example_bot" } };
  const pending = target.map((_, index) => index);
  const context = testVerbContext({ ...guard, pending, ...fields });
  return platform.verbs[verb]?.run(client, { ...activity, target, object } as unknown as Activity as never, context);
}
const parametersOf = (method: string) =>
  api.calls.filter((call) => call.method === method).map((call) => call.parameters);

describe("send", () => {
  it("sends rich text in the HTML of the Bot API and answers with the message's id", async () => {
    const receipt = await run("send", person, { markdown: "**Hello** <World>\n\n- a\n- b", inReplyTo: "7" });
    expect(parametersOf("sendMessage")).toEqual([
      {
        chat_id: String(ALICE.id),
        text: "<b>Hello</b> &lt;World&gt;\n\n• a\n• b",
        parse_mode: "HTML",
        reply_parameters: { message_id: 7 },
      },
    ]);
    expect(receipt).toMatchObject({ outcomes: [{ status: "sent", id: "41" }], object: { id: "41" } });
    expect(api.issues).toEqual([]);
  });

  it("splits a long text and names its parts", async () => {
    const receipt = await run("send", group, { body: `${"a".repeat(4_000)}\n\n${"b".repeat(4_000)}` });
    expect(parametersOf("sendMessage").map(({ text }) => String(text).length)).toEqual([4_000, 4_000]);
    expect(receipt?.object?.parts).toHaveLength(2);
  });

  it("sends into a topic of a group", async () => {
    await run("send", [{ address: `${GROUP.id}/12` }], { body: "Hi" });
    expect(parametersOf("sendMessage")[0]).toMatchObject({ chat_id: String(GROUP.id), message_thread_id: 12 });
  });

  it("uploads a photo with the text as caption, and buttons", async () => {
    const content = Buffer.from("JPEG");
    const attachments = async () => [{ name: 'a "b".jpg', mediaType: "image/jpeg", content }];
    const buttons = [
      { title: "Yes", value: "y" },
      { title: "Site", url: "https://example.org/" },
    ];
    await run("send", person, { body: "Look", attachments: [{ name: "a.jpg" }], buttons }, { attachments });
    const [call] = api.calls;
    expect(call?.method).toBe("sendPhoto");
    expect(call?.files.photo?.bytes).toEqual(content);
    expect(call?.parameters).toMatchObject({
      caption: "Look",
      reply_markup: {
        inline_keyboard: [[{ text: "Yes", callback_data: "y" }], [{ text: "Site", url: "https://example.org/" }]],
      },
    });
  });

  it("sends several photos as an album and a location as a venue", async () => {
    const photo = (name: string) => ({ name, mediaType: "image/png", content: Buffer.from(name) });
    const attachments = async () => [photo("1.png"), photo("2.png")];
    const location = { latitude: 48.2, longitude: 16.37, name: "Vienna" };
    await run("send", group, { attachments: [{}, {}], location }, { attachments });
    expect(api.calls.map(({ method }) => method)).toEqual(["sendMediaGroup", "sendVenue"]);
    expect(api.issues).toEqual([]);
  });

  it("reports a message as unknown when the connection breaks after the request", async () => {
    api.override = () => "cut";
    const receipt = await run("send", person, { body: "Hi" }).catch((thrown: unknown) => thrown);
    expect(receipt).toMatchObject({ mayHaveLanded: true });
  });

  it("never repeats the first part when a later one fails", async () => {
    let sent = 0;
    api.override = () => (++sent === 2 ? { status: 500, body: { ok: false, error_code: 500 } } : undefined);
    const thrown = await run("send", person, { body: `${"a".repeat(4_000)}\n\n${"b".repeat(4_000)}` }).catch(
      (error: unknown) => error,
    );
    expect(thrown).toMatchObject({ code: "outcome-unknown", mayHaveLanded: true });
  });
});

describe("changes", () => {
  it("edits, deletes and reacts by the id that the result gave", async () => {
    const [chat_id, message_id] = [String(ALICE.id), 41];
    await run("update", person, { id: "41", body: "Better" });
    await run("react", person, { id: "41", content: "👍" });
    await run("unreact", person, { id: "41" });
    await run("delete", person, { id: "41" });
    expect(api.calls.map(({ method, parameters }) => ({ method, ...parameters }))).toEqual([
      { method: "editMessageText", chat_id, message_id, text: "Better", parse_mode: "HTML" },
      { method: "setMessageReaction", chat_id, message_id, reaction: [{ type: "emoji", emoji: "👍" }] },
      { method: "setMessageReaction", chat_id, message_id, reaction: [] },
      { method: "deleteMessage", chat_id, message_id },
    ]);
    expect(api.issues).toEqual([]);
  });

  it("refuses an edit without a text before anything is sent", () => {
    const edit = (object: object) => platform.validate?.("update", { object } as never);
    expect(edit({ id: "41" })).toMatchObject({ code: "validation-failed", pointer: "/object" });
    expect(edit({ id: "41", html: "<b>x</b>" })).toBeUndefined();
    expect(edit({ type: "room", name: "Garden" })).toBeUndefined();
  });

  it("counts an edit without a change as sent", async () => {
    const description = "Bad Request: message is not modified: specified new message content …";
    api.override = () => ({ status: 400, body: { ok: false, error_code: 400, description } });
    expect(await run("update", person, { id: "41", body: "Same" })).toMatchObject({ outcomes: [{ status: "sent" }] });
  });

  it("changes a group's title and description and shows typing", async () => {
    await run("update", group, { type: "topic", body: "All is well" });
    await run("update", group, { type: "room", name: "Garden" });
    await run("typing", group, { state: "composing" });
    await run("typing", group, { state: "paused" });
    expect(api.calls.map(({ method }) => method)).toEqual(["setChatDescription", "setChatTitle", "sendChatAction"]);
    expect(api.issues).toEqual([]);
  });
});

describe("groups", () => {
  it("invites by a link, kicks without a ban, bans, unbans and leaves", async () => {
    const address = String(ALICE.id);
    await run("invite", person, { type: "room", address: String(GROUP.id), reason: "Come in" });
    await run("kick", group, { address });
    await run("ban", group, { address });
    await run("unban", group, { address });
    await run("leave", group, {});
    expect(api.calls.map(({ method }) => method)).toEqual([
      "createChatInviteLink",
      "sendMessage",
      "banChatMember",
      "unbanChatMember",
      "banChatMember",
      "unbanChatMember",
      "leaveChat",
    ]);
    expect(parametersOf("sendMessage")[0]?.text).toBe("Come in\nhttps://t.me/+abc");
    expect(api.issues).toEqual([]);
  });

  it("answers members, a person and a room as collections", async () => {
    const alice = { address: String(ALICE.id), name: "Alice Liddell", id: "@alice" };
    expect((await run("query", group, { type: "members" }))?.object).toEqual({
      type: "collection",
      items: [{ ...alice, role: "owner" }],
      total: 7,
    });
    expect((await run("query", person, { type: "person" }))?.object).toMatchObject({
      items: [{ address: String(ALICE.id), name: "Alice", summary: "Curious" }],
    });
    expect((await run("query", group, { type: "room" }))?.object).toEqual({
      type: "collection",
      items: [{ type: "room", address: String(GROUP.id), name: "Garden", topic: "All is well" }],
    });
  });

  it("downloads an attachment by its id", async () => {
    const content = Buffer.from("JPEG").toString("base64");
    expect((await run("fetch", [], { attachments: ["AgAC"] }))?.object).toEqual({
      type: "message",
      attachments: [{ name: "file_1.jpg", size: 4, id: "AgAC", content }],
    });
  });
});

describe("refusals", () => {
  it.each([
    [401, "Unauthorized", "auth", "credentials-invalid"],
    [403, "Forbidden: bot was blocked by the user", "permanent", "recipient-not-reachable"],
    [400, "Bad Request: chat not found", "permanent", "recipient-unknown"],
    [400, "Bad Request: message is too long", "permanent", "content-too-large"],
    [400, "Bad Request: not enough rights to send text messages to the chat", "permanent", "permission-denied"],
    [400, "Bad Request: something new", "permanent", "platform-rejected"],
    [409, "Conflict: terminated by other getUpdates request", "retryable", "platform-unavailable"],
    [502, "Bad Gateway", "retryable", "platform-unavailable"],
  ])("%i %s is %s %s", async (error_code, description, kind, code) => {
    api.override = () => ({ status: error_code, body: { ok: false, error_code, description } });
    const thrown = await run("delete", person, { id: "1" }).catch((error: unknown) => error);
    expect(thrown).toMatchObject(kind === "permanent" ? {} : { kind, code });
    const outcome = thrown instanceof Failure ? thrown.code : undefined;
    expect(outcome).toBe(code);
  });

  it("waits as long as Telegram asks", async () => {
    const body = { ok: false, error_code: 429, description: "Too Many Requests", parameters: { retry_after: 35 } };
    api.override = () => ({ status: 429, body });
    const thrown = await run("send", person, { body: "Hi" }).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ kind: "rate-limited", retryAfterMs: 35_000, mayHaveLanded: false });
  });

  it("treats a proxy's error page as transient", async () => {
    api.override = () => ({ status: 401, body: "<h1>Login to the hotel network</h1>" });
    const thrown = await run("delete", person, { id: "1" }).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ kind: "retryable", code: "platform-unavailable" });
  });

  it("never shows the token", async () => {
    api.override = () => ({ status: 400, body: { ok: false, error_code: 400, description: `Bad ${TOKEN}` } });
    const thrown = (await run("send", person, { body: "Hi" }).catch((error: unknown) => error)) as Failure;
    expect(`${thrown.message} ${thrown.platformCode} ${JSON.stringify(thrown)}`).not.toContain(TOKEN);
  });
});
