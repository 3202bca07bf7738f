import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type {
  VerificationSecrets,
  WebhookReceiver,
  WebhookResponse,
} from "../../../../../src/platform/inbound-webhook.ts";
import { eventIssues } from "../../../../../src/platform/vocabulary/check.ts";
import { facebook } from "../../../../../src/platforms/facebook/platform.ts";
import { ANN, LOGIN, PAGE } from "../../../../support/facebook-simulator.ts";

const webhook = facebook({}).webhook as WebhookReceiver;
const endpoint = { app: "app1", subject: "acc_1" };
const secrets = webhook.secrets?.({
  address: PAGE,
  credentials: { ...LOGIN, otherPages: ["77"] },
}) as VerificationSecrets;
const AT = Date.parse("2026-11-22T12:00:00Z");

function signed(body: unknown, secret: string = LOGIN.appSecret): WebhookResponse {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const signature = `sha256=${createHmac("sha256", secret).update(bytes).digest("hex")}`;
  return received(bytes, { "x-hub-signature-256": signature });
}
function received(body: Buffer, headers: Record<string, string>): WebhookResponse {
  return webhook.receive({ method: "POST", query: new URLSearchParams(), headers, body }, secrets, endpoint);
}
const entry = (more: object, id = PAGE) => ({ object: "page", entry: [{ id, time: AT, ...more }] });
const talk = (more: object, sender = ANN, recipient = PAGE) =>
  entry({ messaging: [{ sender: { id: sender }, recipient: { id: recipient }, timestamp: AT, ...more }] });
const feed = (value: object) =>
  entry({
    time: AT / 1_000,
    changes: [{ field: "feed", value: { from: { id: ANN, name: "Ann" }, created_time: AT / 1_000, ...value } }],
  });
/** Events of a request, without their common members. */
function eventsOf(body: unknown) {
  return (signed(body).events ?? []).map(({ key, event }) => {
    const { platform, target, published, ...rest } = event;
    expect({ platform, target, published }).toEqual({
      platform: "facebook",
      target: [{ address: PAGE }],
      published: "2026-11-22T12:00:00.000Z",
    });
    return { key, ...rest };
  });
}

describe("messaging items", () => {
  const direct = { actor: { address: ANN }, context: { type: "direct", id: ANN }, self: false };
  it("become messages with their attachments, answers and button values", () => {
    const attachments = [
      { type: "image", payload: { url: "https://cdn.example/1.png" } },
      { type: "fallback", title: "A link", payload: { url: "javascript:alert(1)" } },
    ];
    const message = {
      mid: "m_1",
      text: "Look",
      attachments,
      reply_to: { mid: "m_0" },
      quick_reply: { payload: "YES" },
    };
    expect(eventsOf(talk({ message }))).toEqual([
      {
        key: "m:m_1",
        verb: "send",
        id: "m_1",
        ...direct,
        object: {
          type: "message",
          id: "m_1",
          body: "Look",
          inReplyTo: "m_0",
          value: "YES",
          attachments: [{ mediaType: "image/png", url: "https://cdn.example/1.png" }, { name: "A link" }],
        },
      },
    ]);
  });

  it("become events for echoes of others, not of this app's own messages", () => {
    const echo = (metadata?: string) =>
      talk({ message: { mid: "m_2", text: "Hi", is_echo: true, metadata } }, PAGE, ANN);
    const other = { key: "m:m_2", verb: "send", id: "m_2", self: true, actor: { address: PAGE } };
    expect(eventsOf(echo())).toMatchObject([other]);
    expect(eventsOf(echo("dragoman:app2:01A"))).toMatchObject([other]);
    expect(eventsOf(echo("dragoman:app1:01A"))).toEqual([]);
    const forged = talk({ message: { mid: "m_2", text: "Hi", metadata: "dragoman:app1:01A" } });
    expect(eventsOf(forged)).toMatchObject([{ id: "m_2", self: false }]);
  });

  it("become reactions, pressed buttons and edits, each with its own key", () => {
    expect(eventsOf(talk({ reaction: { mid: "m_1", action: "react", reaction: "love", emoji: "❤" } }))).toEqual([
      {
        key: `r:${ANN}:m_1:react:${AT}`,
        verb: "react",
        ...direct,
        object: { type: "reaction", id: "m_1", content: "❤" },
      },
    ]);
    expect(eventsOf(talk({ reaction: { mid: "m_1", action: "unreact" } }))).toMatchObject([{ verb: "unreact" }]);
    expect(eventsOf(talk({ postback: { title: "Start", payload: "GO" } }))).toMatchObject([
      { key: `p:${ANN}:${AT}`, verb: "send", object: { body: "Start", value: "GO" } },
    ]);
    expect(eventsOf(talk({ message_edit: { mid: "m_1", text: "Looks", num_edit: 2 } }))).toMatchObject([
      { key: "e:m_1:2", verb: "update", object: { id: "m_1", body: "Looks" } },
    ]);
  });

  it("become receipts up to a watermark of the conversation", () => {
    const reports = (more: object) => signed(talk(more)).receipts;
    const conversation = `facebook:${PAGE}:${ANN}`;
    expect(reports({ delivery: { mids: ["m_9"], watermark: AT } })).toEqual([
      { conversation, until: AT, status: "delivered", target: ANN },
    ]);
    expect(reports({ read: { watermark: AT } })).toEqual([{ conversation, until: AT, status: "read", target: ANN }]);
    expect(reports({ read: { watermark: "soon" } })).toEqual([]);
  });
});

describe("feed changes", () => {
  it.each([
    [
      { item: "status", verb: "add", post_id: "1_2", message: "Hi" },
      "post",
      { type: "message", id: "1_2", body: "Hi" },
    ],
    [
      { item: "comment", verb: "add", post_id: "1_2", comment_id: "2_3", parent_id: "1_2", message: "Hi" },
      "post",
      { type: "message", id: "2_3", body: "Hi", inReplyTo: "1_2" },
    ],
    [
      { item: "comment", verb: "edited", post_id: "1_2", comment_id: "2_3", message: "Ho" },
      "update",
      { type: "message", id: "2_3", body: "Ho", inReplyTo: "1_2" },
    ],
    [{ item: "post", verb: "remove", post_id: "1_2" }, "delete", { type: "message", id: "1_2" }],
    [
      { item: "reaction", verb: "add", post_id: "1_2", reaction_type: "love" },
      "react",
      { type: "reaction", id: "1_2", content: "love" },
    ],
    [{ item: "like", verb: "remove", post_id: "1_2" }, "unreact", { type: "reaction", id: "1_2", content: "like" }],
  ])("%j becomes %s", (value, verb, object) => {
    const context = { type: "thread", id: "1_2" };
    expect(eventsOf(feed(value))).toMatchObject([
      { verb, object, actor: { address: ANN, name: "Ann" }, context, self: false },
    ]);
  });

  it("mark the Page's own posts, and ignore other fields", () => {
    expect(eventsOf(feed({ item: "status", verb: "add", post_id: "1_2", from: { id: PAGE } }))).toMatchObject([
      { self: true },
    ]);
    expect(eventsOf(entry({ changes: [{ field: "mention", value: { post_id: "1_2", item: "post" } }] }))).toEqual([]);
  });
});

describe("items other than plain messages", () => {
  const referral = { ref: "shop-7", source: "SHORTLINK", type: "OPEN_THREAD", ad_id: "99" };
  const origin = { ref: "shop-7", source: "SHORTLINK", kind: "OPEN_THREAD", ad: "99" };

  it.each([
    ["referral", { referral }, { value: "shop-7", facebook: { event: "referral", ...origin } }],
    [
      "optin",
      { optin: { type: "notification_messages", payload: "weekly" } },
      { value: "weekly", facebook: { event: "optin", kind: "notification_messages" } },
    ],
    ["pass_thread_control", { pass_thread_control: { metadata: "please" } }, { value: "please" }],
    ["an unknown kind", { brand_new_kind: { a: 1 } }, { facebook: { event: "brand_new_kind" } }],
  ])("%s becomes an update of the conversation", (_, item, object) => {
    const [event] = eventsOf(talk(item));
    expect(event).toMatchObject({
      verb: "update",
      actor: { address: ANN },
      context: { type: "direct", id: ANN },
      object: { type: "conversation", ...object },
    });
    expect(eventIssues(["facebook"], event as never)).toEqual([]);
  });

  it("keep the referral of a pressed button and of a message", () => {
    expect(eventsOf(talk({ postback: { mid: "m_4", title: "Start", payload: "GO", referral } }))).toMatchObject([
      { verb: "send", object: { value: "GO", facebook: { referral: origin } } },
    ]);
    expect(eventsOf(talk({ message: { mid: "m_5", text: "Hi", referral } }))).toMatchObject([
      { object: { body: "Hi", facebook: { referral: origin } } },
    ]);
  });

  it("report an unsent message as a delete", () => {
    expect(eventsOf(talk({ message: { mid: "m_1", is_deleted: true } }))).toEqual([
      {
        key: "d:m_1",
        verb: "delete",
        id: "m_1",
        actor: { address: ANN },
        context: { type: "direct", id: ANN },
        self: false,
        object: { type: "message", id: "m_1" },
      },
    ]);
  });

  it("carry a location with its coordinates", () => {
    const payload = { coordinates: { lat: 52.5, long: 13.25 } };
    const [event] = eventsOf(
      talk({ message: { mid: "m_6", attachments: [{ type: "location", title: "Ann's", payload }] } }),
    );
    expect(event?.object).toEqual({
      type: "message",
      id: "m_6",
      location: { latitude: 52.5, longitude: 13.25, name: "Ann's" },
    });
    expect(eventIssues(["facebook"], event as never)).toEqual([]);
  });

  it("name stickers, and the like button by its sign", () => {
    const sticker = (sticker_id: number) => [
      { type: "image", payload: { url: "https://cdn.example/s.png", sticker_id } },
    ];
    expect(eventsOf(talk({ message: { mid: "m_7", attachments: sticker(369_239_263_222_822) } }))).toMatchObject([
      { object: { body: "👍", facebook: { sticker: "369239263222822" }, attachments: [{ id: "369239263222822" }] } },
    ]);
    const [event] = eventsOf(talk({ message: { mid: "m_8", attachments: sticker(17) } }));
    expect(event?.object).toMatchObject({ facebook: { sticker: "17" } });
    expect(event?.object).not.toHaveProperty("body");
  });

  it("report content that Facebook withholds", () => {
    expect(eventsOf(talk({ message: { mid: "m_9", is_unsupported: true } }))).toMatchObject([
      { object: { id: "m_9", facebook: { unsupported: true } } },
    ]);
  });

  it("arrive in standby, marked so, where another app answers", () => {
    const item = { sender: { id: ANN }, recipient: { id: PAGE }, timestamp: AT, message: { mid: "m_10", text: "Hi" } };
    expect(eventsOf(entry({ standby: [item] }))).toMatchObject([
      { verb: "send", object: { body: "Hi", facebook: { standby: true } } },
    ]);
  });
});

describe("hidden and other changes of posts", () => {
  it.each([
    ["hide", { hidden: true }],
    ["unhide", { hidden: false }],
    ["block", { action: "block" }],
    ["follow", { action: "follow" }],
  ])("%s is an update, never a new post", (verb, facebook) => {
    for (const item of ["comment", "post"]) {
      const value = { item, verb, post_id: "1_2", ...(item === "comment" ? { comment_id: "2_3" } : {}) };
      const [event] = eventsOf(feed(value));
      const id = item === "comment" ? "2_3" : "1_2";
      expect(event).toMatchObject({ verb: "update", object: { type: "message", id, facebook } });
      expect(event?.object).not.toHaveProperty("body");
    }
  });

  it("have different keys within the same second", () => {
    const keys = ["hide", "unhide", "add", "edited", "remove"].flatMap((verb) =>
      eventsOf(feed({ item: "comment", verb, post_id: "1_2", comment_id: "2_3" })).map(({ key }) => key),
    );
    expect(new Set(keys).size).toBe(5);
  });

  it("report a like of the Page as a follow", () => {
    expect(eventsOf(feed({ item: "like", verb: "add" }))).toMatchObject([
      { verb: "follow", actor: { address: ANN }, object: { type: "person", address: PAGE } },
    ]);
    expect(eventsOf(feed({ item: "like", verb: "remove" }))).toMatchObject([{ verb: "unfollow" }]);
  });

  it("list photos as attachments", () => {
    const photos = ["https://cdn.example/1.jpg", "https://cdn.example/2.png"];
    expect(eventsOf(feed({ item: "status", verb: "add", post_id: "1_2", photos }))).toMatchObject([
      { object: { attachments: [{ mediaType: "image/jpeg", url: photos[0] }, { mediaType: "image/png" }] } },
    ]);
  });
});

describe("items without a time", () => {
  it("take the entry's time, in seconds or milliseconds, and keep their key when repeated", () => {
    const reaction = { sender: { id: ANN }, recipient: { id: PAGE }, reaction: { mid: "m_1", action: "react" } };
    for (const time of [AT, AT / 1_000]) {
      const [first] = eventsOf(entry({ time, messaging: [reaction] }));
      const [again] = eventsOf(entry({ time, messaging: [reaction] }));
      expect(first?.key).toMatch(/^r:.*:react:[0-9a-f]{16}$/);
      expect(again?.key).toBe(first?.key);
    }
  });

  it("are dated by their arrival where the entry has no time either", () => {
    const message = { sender: { id: ANN }, recipient: { id: PAGE }, message: { mid: "m_1", text: "Hi" } };
    const before = Date.now();
    const [event] = signed(entry({ time: undefined, messaging: [message] })).events ?? [];
    expect(event).toMatchObject({ key: "m:m_1", event: { object: { body: "Hi" } } });
    expect(Date.parse(String(event?.event.published))).toBeGreaterThanOrEqual(before);
  });
});

describe("webhook requests", () => {
  const message = talk({ message: { mid: "m_1", text: "Hi" } });
  it("are accepted only with a signature of their own bytes", () => {
    expect(signed(message).status).toBe(200);
    expect(signed(message, "other")).toEqual({ status: 403 });
    const bytes = Buffer.from(JSON.stringify(message));
    const right = createHmac("sha256", LOGIN.appSecret).update(bytes).digest("hex");
    for (const header of [
      "",
      "sha256=",
      right,
      `sha1=${right}`,
      `sha256=${right}00`,
      `sha256=${right.toUpperCase()}`,
      `sha256=${right}, sha256=${right}`,
    ])
      expect([header, received(bytes, { "x-hub-signature-256": header }).status]).toEqual([header, 403]);
    expect(received(bytes, {})).toEqual({ status: 403 });
    expect(received(Buffer.concat([bytes, Buffer.from(" ")]), { "x-hub-signature-256": `sha256=${right}` })).toEqual({
      status: 403,
    });
    expect(
      webhook.receive({ method: "POST", query: new URLSearchParams(), headers: {}, body: bytes }, {}, endpoint),
    ).toEqual({
      status: 403,
    });
  });

  it("are read for the account's own Page and the Pages that it names", () => {
    expect(signed({ ...message, entry: [{ ...message.entry[0], id: "78" }] }).events).toEqual([]);
    const other = {
      ...entry(
        { messaging: [{ sender: { id: ANN }, recipient: { id: "77" }, timestamp: AT, message: { mid: "m_3" } }] },
        "77",
      ),
    };
    expect(signed(other).events).toMatchObject([{ event: { target: [{ address: "77" }] } }]);
    expect(signed(talk({ message: { mid: "m_1" } }, ANN, "99")).events).toEqual([]);
    expect(signed({ ...message, object: "user" })).toMatchObject({ status: 200, events: [] });
  });

  it("are preceded by a challenge with the agreed token", () => {
    const ask = (query: Record<string, string>) =>
      webhook.receive(
        { method: "GET", query: new URLSearchParams(query), headers: {}, body: Buffer.alloc(0) },
        secrets,
        endpoint,
      );
    const good = { "hub.mode": "subscribe", "hub.verify_token": LOGIN.verifyToken, "hub.challenge": "42" };
    expect(ask(good)).toEqual({ status: 200, body: "42" });
    for (const wrong of [
      { "hub.mode": "unsubscribe" },
      { "hub.verify_token": "" },
      { "hub.verify_token": `${LOGIN.verifyToken} ` },
    ])
      expect(ask({ ...good, ...wrong })).toEqual({ status: 403 });
    for (const challenge of ["", "<b>", "x".repeat(257), "a b"])
      expect(ask({ ...good, "hub.challenge": challenge })).toEqual({ status: 400 });
    expect(webhook.secrets?.({ address: PAGE, credentials: { ...LOGIN, verifyToken: undefined } })).toBeUndefined();
  });
});

describe("malformed requests", () => {
  it("are answered 400 where the signed bytes are not a JSON object", () => {
    for (const raw of ["", "{", "[]", "7", "null", "\ufffe"]) expect(signed(Buffer.from(raw))).toEqual({ status: 400 });
    expect(signed(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]))).toEqual({ status: 400 });
  });

  it("are read within bounds, and unknown items skipped", () => {
    const names = [
      "message",
      "delivery",
      "read",
      "reaction",
      "postback",
      "message_edit",
      "mid",
      "text",
      "attachments",
      "payload",
      "watermark",
      "is_echo",
      "emoji",
      "id",
      "url",
    ];
    const values = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("any"), { maxLength: 3 }),
        tie("bag"),
      ),
      bag: fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), tie("any"), { maxKeys: 5 }),
    }));
    fc.assert(
      fc.property(values.bag, values.any, values.any, (item, value, sender) => {
        const known = { sender: { id: ANN }, recipient: { id: PAGE }, timestamp: AT };
        const messaging = [
          { ...known, ...(item as object) },
          { ...known, message: value },
          { sender, recipient: value, message: { mid: "m" } },
          value,
        ];
        const changes = [
          { field: "feed", value },
          { field: "feed", value: { post_id: "1_1", item: "post", from: value, created_time: value, message: value } },
          value,
        ];
        const answer = signed({
          object: "page",
          entry: [
            { id: PAGE, time: AT, messaging, changes },
            { id: PAGE, time: value, messaging: value, changes: value },
            value,
          ],
        });
        expect(answer.status).toBe(200);
        for (const { key, event } of answer.events ?? []) {
          expect(key.length).toBeLessThan(900);
          expect(Number.isNaN(Date.parse(event.published))).toBe(false);
          expect(event.actor.address.length).toBeLessThan(257);
        }
      }),
    );
  });

  it("are cut at a huge text", () => {
    const [event] = eventsOf(talk({ message: { mid: "m_1", text: "x".repeat(500_000) } }));
    expect(String(event?.object.body).length).toBe(20_000);
  });
});
