import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ANN, BEN, facebookSimulator, LOGIN, PAGE } from "../../../support/facebook-simulator.ts";
import { gateway } from "../../../support/gateway.ts";

type Bag = Record<string, unknown>;

let live: Awaited<ReturnType<typeof gateway>>;
let facebook: Awaited<ReturnType<typeof facebookSimulator>>;
let key: string;
let account: Bag;
let hook: string;

beforeAll(async () => {
  facebook = await facebookSimulator();
  live = await gateway({ ALLOW_PRIVATE: "127.0.0.0/8", FACEBOOK_API_URL: facebook.url });
  key = await live.keyOf("shop");
  const stored = await call("PUT", "/accounts", { platform: "facebook", address: PAGE, credentials: LOGIN });
  expect(stored.status).toBe(201);
  account = stored.body;
  hook = `${live.url}${account.inbound}`;
  expect(await facebook.verify(hook)).toEqual({ status: 200, text: "1158201444" });
});
afterAll(async () => {
  await live.stop();
  await facebook.stop();
});

async function call(method: string, path: string, body?: object, by = key) {
  const answer = await fetch(`${live.url}/gateway${path}`, {
    method,
    headers: { Authorization: `Bearer ${by}`, "Content-Type": "application/json", Prefer: "wait=25" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text === "" ? {} : JSON.parse(text)) as Bag };
}
const send = (rid: string, to: string, object: object) =>
  call("POST", "/activities", {
    rid,
    platform: "facebook",
    verb: "send",
    actor: { address: PAGE },
    target: { address: to },
    object,
  });
/** Events since a cursor, as a polling app reads them. */
async function since(after: string, fits: (event: Bag) => boolean, by = key): Promise<Bag[]> {
  const found: Bag[] = [];
  for (let cursor = after; ; ) {
    const answer = await fetch(`${live.url}/gateway/events?after=${cursor}&wait=20`, {
      headers: { Authorization: `Bearer ${by}`, Accept: "application/json" },
    });
    const { events, cursor: next } = (await answer.json()) as { events: Bag[]; cursor: string };
    found.push(...events);
    if (found.some(fits)) return found;
    if (events.length === 0) throw new Error("The event did not come");
    cursor = next;
  }
}
async function latest(by = key): Promise<string> {
  const answer = await fetch(`${live.url}/gateway/events?after=latest`, {
    headers: { Authorization: `Bearer ${by}`, Accept: "application/json" },
  });
  return ((await answer.json()) as { cursor: string }).cursor;
}

describe("the examples of the founding essay", () => {
  it("are refused from user to user before an account is looked up, and the allowed alternative is named", async () => {
    const other = await live.keyOf("without accounts");
    for (const by of [key, other]) {
      const answer = await fetch(`${live.url}/gateway/activities`, {
        method: "POST",
        headers: { Authorization: `Bearer ${by}`, "Content-Type": "application/json" },
        body: `{ "rid": 123, "platform": "facebook", "verb": "send", "actor": { "address": "zuck" },
  "target": [{ "address": "barackobama" }], "object": { "text": "hi" } }`,
      });
      expect([answer.status, await answer.json()]).toEqual([
        422,
        expect.objectContaining({
          code: "recipient-not-reachable",
          rid: 123,
          detail: expect.stringMatching(/Page writes to people who wrote to it first/),
          errors: [{ pointer: "/target/0/address", detail: expect.any(String) }],
        }),
      ]);
    }
    expect(facebook.calls).toEqual([]);
  });
});

describe("Facebook's webhook requests", () => {
  it("report a message once, however often it arrives", async () => {
    const start = await latest();
    const pushed = facebook.write(ANN, "m_1", "Is my parcel there?");
    for (const _ of [1, 2, 3]) expect((await facebook.push(pushed)).status).toBe(200);
    await facebook.push(facebook.write(ANN, "m_2", "Hello?"));
    const events = await since(start, ({ id }) => id === "m_2");
    expect(events.map(({ id }) => id)).toEqual(["m_1", "m_2"]);
    expect(events[0]).toMatchObject({
      type: "activity",
      platform: "facebook",
      verb: "send",
      actor: { address: ANN },
      target: [{ address: PAGE }],
      object: { type: "message", id: "m_1", body: "Is my parcel there?" },
      context: { type: "direct", id: ANN },
      self: false,
    });
  });

  it("report delivery and reading under the answer's rid, by watermarks without message ids", async () => {
    const start = await latest();
    facebook.wrote(ANN);
    facebook.wrote(BEN);
    const first = await send("answer-1", ANN, { body: "Yes, it is." });
    expect(first.body).toMatchObject({ type: "result", status: "sent", object: { id: facebook.sent.at(-1)?.mid } });
    await send("answer-2", BEN, { body: "No." });
    const echo = { mid: facebook.sent.at(-2)?.mid, is_echo: true, ...facebook.sent.at(-2)?.message };
    const watermark = Date.now() + 5;
    const receipts = [
      facebook.between(PAGE, ANN, { message: echo }),
      facebook.between(ANN, PAGE, { read: { watermark } }),
      facebook.between(ANN, PAGE, { delivery: { watermark } }),
    ];
    for (const _ of [1, 2]) expect((await facebook.push(facebook.entry(receipts))).status).toBe(200);
    await facebook.push(facebook.entry([facebook.between(BEN, PAGE, { delivery: { watermark } })]));
    await facebook.push(facebook.write(BEN, "m_end", "Oh."));
    const events = await since(start, ({ id }) => id === "m_end");
    const otherEvents = events.filter(({ type, status }) => type !== "result" && status !== "sending");
    expect(
      otherEvents.map(({ type, rid, status, target, id }) => (type === "status" ? { rid, status, target } : id)),
    ).toEqual([
      { rid: "answer-1", status: "read", target: [{ address: ANN, status: "read" }] },
      { rid: "answer-2", status: "delivered", target: [{ address: BEN, status: "delivered" }] },
      "m_end",
    ]);
  });

  it("report answers from the Page's inbox as own messages", async () => {
    const start = await latest();
    const echo = { mid: "m_human", is_echo: true, app_id: 99, text: "A human here." };
    await facebook.push(facebook.entry([facebook.between(PAGE, ANN, { message: echo })]));
    const [event] = await since(start, ({ id }) => id === "m_human");
    expect(event).toMatchObject({ verb: "send", actor: { address: PAGE }, self: true, context: { id: ANN } });
  });

  it("reach no other app, and forged requests are refused", async () => {
    const rival = await live.keyOf("rival");
    const start = await latest();
    const startOfRival = await latest(rival);
    const secret = "another-secret-of-somebody";
    const first = await call(
      "PUT",
      "/accounts",
      { platform: "facebook", address: PAGE, credentials: { ...LOGIN, appSecret: secret } },
      rival,
    );
    expect(first.body.inbound).not.toBe(account.inbound);
    expect((await call("GET", `/accounts/${account.id}`, undefined, rival)).body.inbound).toBe(first.body.inbound);
    expect((await facebook.push(facebook.write(ANN, "m_forged", "Forged"), { secret })).status).toBe(403);
    expect(
      (await facebook.push(facebook.entry([facebook.between(ANN, PAGE, { message: { mid: "m_other" } })], "999")))
        .status,
    ).toBe(200);
    expect((await fetch(hook, { method: "POST", body: "{}" })).status).toBe(403);
    expect((await facebook.push(undefined, { raw: "{" })).status).toBe(400);
    await facebook.push(facebook.write(ANN, "m_true", "True"));
    expect((await since(start, ({ id }) => id === "m_true")).map(({ id }) => id)).toEqual(["m_true"]);
    expect(await latest(rival)).toBe(startOfRival);
  });
});

describe("the webhook endpoint", () => {
  it("is shown with the account, and stays when the credentials are replaced", async () => {
    const again = await call("PUT", "/accounts", { platform: "facebook", address: PAGE, credentials: LOGIN });
    expect([again.status, again.body.inbound]).toEqual([200, account.inbound]);
    expect((await call("GET", `/accounts/${account.id}`)).body.inbound).toBe(account.inbound);
    expect((await call("GET", "/accounts")).body.accounts).toMatchObject([{ inbound: account.inbound }]);
    expect(account.inbound).toMatch(/^\/gateway\/inbound\/facebook\/[A-Za-z0-9_-]{24}$/);
    expect(JSON.stringify(account)).not.toContain(LOGIN.appSecret);
  });

  it("answers challenges only with the right token", async () => {
    expect((await facebook.verify(hook, "a-long-word-of-others")).status).toBe(403);
    expect((await fetch(hook)).status).toBe(403);
    const query = { "hub.mode": "subscribe", "hub.verify_token": LOGIN.verifyToken, "hub.challenge": "<script>" };
    expect((await fetch(`${hook}?${new URLSearchParams(query)}`)).status).toBe(400);
    expect((await fetch(hook, { method: "PUT" })).status).toBe(405);
  });

  it("belongs to one platform, and ends with the account", async () => {
    const elsewhere = hook.replace("/facebook/", "/twitter/");
    for (const url of [elsewhere, hook.slice(0, -1), `${hook}A`, hook.replace("/facebook/", "/pigeon/")])
      expect([url, (await fetch(url, { method: "POST", body: "{}" })).status]).toEqual([url, 404]);
    const page = "104998765432102";
    const other = await call("PUT", "/accounts", { platform: "facebook", address: page, credentials: LOGIN });
    const url = `${live.url}${other.body.inbound}`;
    expect((await facebook.verify(url)).status).toBe(200);
    expect((await call("DELETE", `/accounts/${other.body.id}`)).status).toBe(204);
    expect((await facebook.verify(url)).status).toBe(404);
    const { verifyToken: _, ...silent } = LOGIN;
    const quiet = await call("PUT", "/accounts", { platform: "facebook", address: page, credentials: silent });
    expect([quiet.status, "inbound" in quiet.body]).toEqual([201, false]);
    await facebook.verify(hook);
  });

  it("belongs to Pages: other addresses are refused", async () => {
    const answer = await call("PUT", "/accounts", { platform: "facebook", address: "zuck", credentials: LOGIN });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: "/address" }] } });
  });

  it("accepts at most 1 MB", async () => {
    const answer = await fetch(hook, { method: "POST", body: Buffer.alloc(1024 * 1024 + 1) });
    expect([answer.status, ((await answer.json()) as Bag).code]).toEqual([413, "payload-too-large"]);
  });

  it("answers 503 while Redis is down, and records the repeated request once", async () => {
    const start = await latest();
    const pushed = facebook.write(ANN, "m_late", "Late");
    await live.redis.kill();
    const away = await facebook.push(pushed);
    expect([away.status, away.headers.get("retry-after")]).toEqual([503, "2"]);
    await live.redis.start();
    for (let status = 0; status !== 200; ) status = (await facebook.push(pushed)).status;
    await facebook.push(pushed);
    await facebook.push(facebook.write(ANN, "m_last", "Last"));
    const events = await since(start, ({ id }) => id === "m_last");
    expect(events.map(({ id }) => id)).toEqual(["m_late", "m_last"]);
  });
});
