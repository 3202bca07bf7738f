import { afterAll, beforeAll, expect, it } from "vitest";
import { gateway } from "../../../support/gateway.ts";
import { webServer } from "../../../support/web-server.ts";

let live: Awaited<ReturnType<typeof gateway>>;
let server: Awaited<ReturnType<typeof webServer>>;
let key: string;
let failures = 0;
beforeAll(async () => {
  server = await webServer((path) => {
    if (path === "/shaky" && failures++ === 0) return { status: 503, headers: { "Retry-After": "0" } };
    const item = "<item><title>Hello</title><guid>1</guid><link>/1</link></item>";
    return path === "/404"
      ? { status: 404 }
      : { body: `<rss version="2.0"><channel><title>T</title>${item}</channel></rss>` };
  });
  live = await gateway({ ALLOW_PRIVATE: "127.0.0.0/8" });
  key = await live.keyOf("reader");
});
afterAll(async () => {
  await live.stop();
  await server.stop();
});

async function post(activity: object) {
  const answer = await fetch(`${live.url}/gateway/activities`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", Prefer: "wait=25" },
    body: JSON.stringify({ verb: "fetch", actor: { address: "me" }, ...activity }),
  });
  return { status: answer.status, body: (await answer.json()) as object };
}

it("fetch returns the entries, by the platform's name or its alias", async () => {
  const target = [{ address: `${server.origin}/feed` }, { address: `${server.origin}/404` }];
  for (const platform of ["feeds", "rss"]) {
    expect(await post({ platform, target })).toMatchObject({
      status: 200,
      body: {
        type: "result",
        platform: "feeds",
        verb: "fetch",
        status: "partial",
        target: [
          { address: `${server.origin}/feed`, status: "sent" },
          { address: `${server.origin}/404`, status: "failed", error: { code: "recipient-unknown", retryable: false } },
        ],
        object: {
          items: [
            { feeds: { format: "rss", title: "T" }, items: [{ id: "1", title: "Hello", url: `${server.origin}/1` }] },
          ],
        },
      },
    });
  }
});

it("fetch retries a server that is unavailable for a moment", async () => {
  expect(await post({ platform: "feeds", target: { address: `${server.origin}/shaky` } })).toMatchObject({
    body: { status: "sent", attempts: 2, object: { feeds: { title: "T" } } },
  });
});

it("fetch refuses an invalid address with a pointer", async () => {
  const answer = await post({ platform: "feeds", target: [{ address: `${server.origin}/` }, { address: "feed://" }] });
  expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: "/target/1/address" }] } });
});

it("old spellings are refused, and the new ones named", async () => {
  const target = { address: `${server.origin}/feed` };
  const time = "2026-11-01T00:00:00Z";
  const cases = [
    { verb: "fetch", target, object: { before: time }, pointer: "/object/before", detail: "use object.until" },
    { verb: "fetch", target, object: { after: time }, pointer: "/object/after", detail: "use object.since" },
    { verb: "subscribe", object: { opml: "<opml/>" }, pointer: "/object/opml", detail: "use object.attachments" },
    { verb: "query", object: { format: "opml" }, pointer: "/object/format", detail: "use object.type" },
  ];
  for (const { pointer, detail, ...activity } of cases) {
    const errors = [{ pointer, detail: expect.stringContaining(detail) }];
    expect(await post({ platform: "feeds", ...activity })).toMatchObject({ status: 422, body: { errors } });
  }
});
