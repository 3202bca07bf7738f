import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type {
  VerificationSecrets,
  WebhookReceiver,
  WebhookResponse,
} from "../../../../../src/platform/inbound-webhook.ts";
import { facebook } from "../../../../../src/platforms/facebook/platform.ts";
import { ANN, LOGIN, PAGE } from "../../../../support/facebook-simulator.ts";

const push = facebook({}).webhook as WebhookReceiver;
const door = { app: "app1", subject: "acc_1" };
const secrets = push.secrets?.({ address: PAGE, credentials: { ...LOGIN, otherPages: ["77"] } }) as VerificationSecrets;
const AT = Date.parse("2026-11-22T12:00:00Z");

function signed(body: unknown, secret: string = LOGIN.appSecret): WebhookResponse {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const signature = `sha256=${createHmac("sha256", secret).update(bytes).digest("hex")}`;
  return received(bytes, { "x-hub-signature-256": signature });
}
function received(body: Buffer, headers: Record<string, string>): WebhookResponse {
  return push.receive({ method: "POST", query: new URLSearchParams(), headers, body }, secrets, door);
}
const entry = (more: object, id = PAGE) => ({ object: "page", entry: [{ id, time: AT, ...more }] });
const talk = (more: object, sender = ANN, recipient = PAGE) =>
  entry({ messaging: [{ sender: { id: sender }, recipient: { id: recipient }, timestamp: AT, ...more }] });
const feed = (value: object) =>
  entry({
    time: AT / 1_000,
    changes: [{ field: "feed", value: { from: { id: ANN, name: "Ann" }, created_time: AT / 1_000, ...value } }],
  });
/** What came, without what all of it has. */
function came(body: unknown) {
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

describe("messaging", () => {
  const direct = { actor: { address: ANN }, context: { type: "direct", id: ANN }, self: false };
  it("brings messages with what hangs on them", () => {
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
    expect(came(talk({ message }))).toEqual([
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
          quickReply: "YES",
          attachments: [
            { kind: "image", url: "https://cdn.example/1.png" },
            { kind: "fallback", name: "A link" },
          ],
        },
      },
    ]);
  });

  it("brings echoes of others, not of what this app sent", () => {
    const echo = (metadata?: string) =>
      talk({ message: { mid: "m_2", text: "Hi", is_echo: true, metadata } }, PAGE, ANN);
    const other = { key: "m:m_2", verb: "send", id: "m_2", self: true, actor: { address: PAGE } };
    expect(came(echo())).toMatchObject([other]);
    expect(came(echo("dragoman:app2:01A"))).toMatchObject([other]);
    expect(came(echo("dragoman:app1:01A"))).toEqual([]);
    const forged = talk({ message: { mid: "m_2", text: "Hi", metadata: "dragoman:app1:01A" } });
    expect(came(forged)).toMatchObject([{ id: "m_2", self: false }]);
  });

  it("brings reactions, buttons and edits, each with a key of its own", () => {
    expect(came(talk({ reaction: { mid: "m_1", action: "react", reaction: "love", emoji: "❤" } }))).toEqual([
      {
        key: `r:${ANN}:m_1:react:${AT}`,
        verb: "react",
        ...direct,
        object: { type: "reaction", id: "m_1", content: "❤" },
      },
    ]);
    expect(came(talk({ reaction: { mid: "m_1", action: "unreact" } }))).toMatchObject([{ verb: "unreact" }]);
    expect(came(talk({ postback: { title: "Start", payload: "GO" } }))).toMatchObject([
      { key: `p:${ANN}:${AT}`, verb: "send", object: { body: "Start", postback: "GO" } },
    ]);
    expect(came(talk({ message_edit: { mid: "m_1", text: "Looks", num_edit: 2 } }))).toMatchObject([
      { key: "e:m_1:2", verb: "update", object: { id: "m_1", body: "Looks" } },
    ]);
  });

  it("brings receipts as watermarks of the conversation", () => {
    const reports = (more: object) => signed(talk(more)).receipts;
    const conversation = `facebook:${PAGE}:${ANN}`;
    expect(reports({ delivery: { mids: ["m_9"], watermark: AT } })).toEqual([
      { conversation, until: AT, status: "delivered", target: ANN },
    ]);
    expect(reports({ read: { watermark: AT } })).toEqual([{ conversation, until: AT, status: "read", target: ANN }]);
    expect(reports({ read: { watermark: "soon" } })).toEqual([]);
  });
});

describe("the feed", () => {
  it.each([
    [
      { item: "status", verb: "add", post_id: "1_2", message: "Hi" },
      "post",
      { type: "message", id: "1_2", body: "Hi" },
    ],
    [
      { item: "comment", verb: "add", post_id: "1_2", comment_id: "2_3", parent_id: "1_2", message: "Hi" },
      "reply",
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
  ])("brings %j as %s", (value, verb, object) => {
    const context = { type: "thread", id: "1_2" };
    expect(came(feed(value))).toMatchObject([
      { verb, object, actor: { address: ANN, name: "Ann" }, context, self: false },
    ]);
  });

  it("knows the Page's own", () => {
    expect(came(feed({ item: "status", verb: "add", post_id: "1_2", from: { id: PAGE } }))).toMatchObject([
      { self: true },
    ]);
    expect(came(entry({ changes: [{ field: "mention", value: { post_id: "1_2", item: "post" } }] }))).toEqual([]);
  });
});

describe("who may push", () => {
  const message = talk({ message: { mid: "m_1", text: "Hi" } });
  it("is who knows the secret, over these very bytes", () => {
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
    expect(push.receive({ method: "POST", query: new URLSearchParams(), headers: {}, body: bytes }, {}, door)).toEqual({
      status: 403,
    });
  });

  it("brings the Pages' own entries, and those of Pages that the account names", () => {
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

  it("asks first, with the token that was agreed", () => {
    const ask = (query: Record<string, string>) =>
      push.receive(
        { method: "GET", query: new URLSearchParams(query), headers: {}, body: Buffer.alloc(0) },
        secrets,
        door,
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
    expect(push.secrets?.({ address: PAGE, credentials: { ...LOGIN, verifyToken: undefined } })).toBeUndefined();
  });
});

describe("whatever comes", () => {
  it("signed bytes that are no JSON object make no sense", () => {
    for (const raw of ["", "{", "[]", "7", "null", "\ufffe"]) expect(signed(Buffer.from(raw))).toEqual({ status: 400 });
    expect(signed(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]))).toEqual({ status: 400 });
  });

  it("items of any shape are taken over bounded, or not at all", () => {
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

  it("a huge text is cut", () => {
    const [event] = came(talk({ message: { mid: "m_1", text: "x".repeat(500_000) } }));
    expect(String(event?.object.body).length).toBe(20_000);
  });
});
