import { createHmac } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { gateway } from "../../../support/gateway.ts";
import { oauth1Of, xSimulator } from "../../../support/x-simulator.ts";

let live: Awaited<ReturnType<typeof gateway>>;
let server: Awaited<ReturnType<typeof xSimulator>>;
let key: string;
let headers: Readonly<Record<string, string>>;
beforeAll(async () => {
  server = await xSimulator();
  live = await gateway({ ALLOW_PRIVATE: "127.0.0.0/8", X_API_URL: server.origin });
  key = await live.keyOf("poster");
  headers = { Authorization: `Bearer ${key}`, Accept: "application/json" };
  for (const [address, id] of [
    ["@bob", "12"],
    ["@alice", "34"],
  ]) {
    const answer = await call("PUT", "/accounts", { platform: "x", address, credentials: oauth1Of(String(id)) });
    expect(answer.status).toBe(201);
  }
});
afterAll(async () => {
  await live.stop();
  await server.stop();
});

async function call(method: string, path: string, body: object, as = key) {
  const answer = await fetch(`${live.url}/gateway${path}`, {
    method,
    headers: { Authorization: `Bearer ${as}`, "Content-Type": "application/json", Prefer: "wait=25" },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}
const post = (activity: object) =>
  call("POST", "/activities", { platform: "x", actor: { address: "@bob" }, ...activity });

it("a posted activity ends in a result, by the platform's name or its alias", async () => {
  for (const platform of ["x", "twitter"]) {
    expect(await post({ platform, verb: "post", object: { text: `Hello from ${platform}` } })).toMatchObject({
      status: 200,
      body: { type: "result", platform: "twitter", status: "sent", target: [], object: { id: expect.any(String) } },
    });
  }
  expect(server.posts.map(({ text, author }) => `${author} ${text}`)).toEqual([
    "12 Hello from x",
    "12 Hello from twitter",
  ]);
});

it("base64 pictures appear in the post", async () => {
  const content = Buffer.from("\u0089PNG\r\n\u001a\nand more", "latin1");
  const attachments = [{ name: "a.png", mediaType: "image/png", content: content.toString("base64") }];
  expect((await post({ verb: "post", object: { body: "Look", attachments } })).body).toMatchObject({ status: "sent" });
  const [file] = [...server.media.values()];
  expect(Buffer.concat(file?.chunks ?? []).equals(content)).toBe(true);
});

it("a post whose answer was lost is found in the account's list and not sent again", async () => {
  server.fault("POST /2/tweets", "cut");
  const { body } = await post({ verb: "post", object: { body: "Once & only once: https://example.org/" } });
  const found = server.posts.filter(({ text }) => text.startsWith("Once"));
  expect(found).toHaveLength(1);
  expect(body).toMatchObject({ status: "sent", object: { id: found[0]?.id } });
});

it("a message whose answer was lost is found in the conversation and not sent again", async () => {
  server.addMessage("12", "12-34", "Psst", { id: "1500000000000000000" });
  server.fault("POST /2/dm_conversations/with/{participant_id}/messages", "cut");
  const { body } = await post({ verb: "send", target: { address: "@alice" }, object: { body: "Psst" } });
  const id = server.messages.at(-1)?.id;
  expect(body).toMatchObject({
    status: "sent",
    target: [{ status: "sent", id }],
    object: { id, twitter: { conversations: ["conversation:12-34"] } },
  });
  expect(server.messages).toHaveLength(2);
});

it("invalid posts are refused with a pointer, and other apps do not see the account", async () => {
  const long = await post({ verb: "post", object: { text: "語".repeat(141) } });
  expect(long).toMatchObject({ status: 422, body: { errors: [{ pointer: "/object/text" }] } });
  const wrong = await call("PUT", "/accounts", { platform: "x", address: "@bob", credentials: { clientId: "a" } });
  expect(wrong).toMatchObject({ status: 422, body: { code: "validation-failed" } });
  expect(JSON.stringify(await post({ verb: "post", actor: { address: "@carol" }, object: { body: "Hi" } }))).toContain(
    "account-unknown",
  );
});

it("a subscription reports mentions and messages as events", async () => {
  const answer = await post({ verb: "subscribe", target: [{ address: "mentions" }, { address: "messages" }] });
  expect(answer.body).toMatchObject({ status: "sent" });
  const mention = server.addPost("34", "Hello @bob");
  const message = server.addMessage("34", "12-34", "Psst, @bob");
  const eventsById = new Map<unknown, Record<string, unknown>>();
  for (let after = "earliest"; !(eventsById.has(mention) && eventsById.has(message)); ) {
    const poll = await fetch(`${live.url}/gateway/events?after=${after}&wait=20&type=activity`, { headers });
    const { events, cursor } = (await poll.json()) as { events: Array<Record<string, unknown>>; cursor: string };
    for (const event of events) eventsById.set(event.id, event);
    after = cursor;
  }
  expect(eventsById.get(mention)).toMatchObject({
    verb: "post",
    actor: { address: "@alice" },
    target: [{ address: "@bob" }],
  });
  expect(eventsById.get(message)).toMatchObject({ verb: "send", object: { body: "Psst, @bob" }, self: false });
  expect((await post({ verb: "disconnect" })).body).toMatchObject({ status: "sent" });
});

it("a webhook request that comes twice is reported once", async () => {
  const stored = await call("PUT", "/accounts", { platform: "x", address: "@alice", credentials: oauth1Of("34") });
  const { pathname } = new URL(String(stored.body.inbound), live.url);
  const challenge = await fetch(`${live.url}${pathname}?crc_token=abc`);
  const expected = createHmac("sha256", "app-key-secret").update("abc").digest("base64");
  expect(await challenge.json()).toEqual({ response_token: `sha256=${expected}` });
  const payload = { id: "1900000000000000007", text: "Hi @alice", author_id: "12" };
  const body = JSON.stringify({ data: { event_type: "post.mention.create", filter: { user_id: "34" }, payload } });
  const signature = `sha256=${createHmac("sha256", "app-key-secret").update(body).digest("base64")}`;
  const push = (sign: string) =>
    fetch(`${live.url}${pathname}`, { method: "POST", headers: { "x-twitter-webhooks-signature": sign }, body });
  expect([(await push(signature)).status, (await push(signature)).status, (await push("sha256=x")).status]).toEqual([
    200, 200, 403,
  ]);
  const poll = await fetch(`${live.url}/gateway/events?after=earliest&actor=@alice&type=activity`, { headers });
  const { events } = (await poll.json()) as { events: Array<Record<string, unknown>> };
  expect(events.filter(({ id }) => id === payload.id)).toMatchObject([
    { verb: "post", target: [{ address: "@alice" }] },
  ]);
});

it("one webhook serves all accounts of the tenant's X app, and no other tenant's", async () => {
  const put = (address: string, credentials: object, as = key) =>
    call("PUT", "/accounts", { platform: "x", address, credentials }, as);
  const bob = await put("@bob", oauth1Of("12"));
  const { accessToken: _, ...login } = server.oauth2.login("56");
  await put("@carol", { ...login, apiSecret: "app-key-secret", userId: "56" });
  await put("@dave", { ...oauth1Of("78"), apiSecret: "of another app at X" });
  await put("@erin", oauth1Of("90"), await live.keyOf("another tenant"));
  const { pathname } = new URL(String(bob.body.inbound), live.url);
  const push = (user: string, at: number) => {
    const payload = { id: `190000000000000010${at}`, text: "Hi", author_id: "34" };
    const body = JSON.stringify({ data: { event_type: "post.mention.create", filter: { user_id: user }, payload } });
    const sign = `sha256=${createHmac("sha256", "app-key-secret").update(body).digest("base64")}`;
    const headers = { "x-twitter-webhooks-signature": sign };
    return fetch(`${live.url}${pathname}`, { method: "POST", headers, body });
  };
  for (const [at, user] of ["12", "56", "78", "90", "99", "56"].entries()) {
    expect((await push(user, at === 5 ? 1 : at)).status).toBe(200);
  }
  const poll = await fetch(`${live.url}/gateway/events?after=earliest&type=activity&limit=1000`, { headers });
  const { events } = (await poll.json()) as { events: Array<{ id: string; target: Array<{ address: string }> }> };
  const matching = events.filter(({ id }) => id.startsWith("190000000000000010"));
  expect(matching.map(({ id, target }) => `${id.at(-1)} ${target[0]?.address}`)).toEqual(["0 @bob", "1 @carol"]);
});

it("no credentials appear in events", async () => {
  const answer = await fetch(`${live.url}/gateway/events?after=earliest`, { headers });
  const events = await answer.text();
  expect(events).toContain('"result"');
  for (const secret of Object.values(oauth1Of("12"))) expect(events).not.toContain(secret);
});
