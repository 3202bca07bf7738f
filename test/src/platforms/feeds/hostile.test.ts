import { monitorEventLoopDelay } from "node:perf_hooks";
import { afterAll, expect, it } from "vitest";
import type { ReadTask } from "../../../../src/platforms/feeds/client/document/jobs.ts";
import { createReaders } from "../../../../src/platforms/feeds/client/reader.ts";

const threads = createReaders(1);
const reader = threads.forApp("app1");
afterAll(async () => {
  await threads.close();
  expect(threads.threads()).toBe(0);
});

const never = new AbortController().signal;
const task = (body: string | Uint8Array, overrides: Partial<ReadTask> = {}): ReadTask => ({
  bytes: typeof body === "string" ? new TextEncoder().encode(body) : body,
  contentType: "application/xml",
  url: "http://example.org/feed",
  limit: 500,
  maxBytes: 200_000,
  ...overrides,
});
const rss = (items: string, before = "") =>
  `${before}<rss version="2.0"><channel><title>T</title>${items}</channel></rss>`;
const fine = rss("<item><title>fine</title></item>");
const attributes = rss(
  `<item ${Array.from({ length: 300_000 }, (_, n) => `a${n}="1"`).join(" ")}><title>x</title></item>`,
);
const text = (read: Awaited<ReturnType<typeof reader.read>>) => JSON.stringify(read);
const bomb = `<!DOCTYPE x [<!ENTITY a "lol">${[..."bcdefghi"].map((name, at) => `<!ENTITY ${name} "${`&${"abcdefgh"[at]};`.repeat(10)}">`).join("")}]>`;

/** The longest that the event loop stood still meanwhile, in milliseconds. */
async function delayDuring(work: () => Promise<unknown>): Promise<number> {
  await reader.read(task(fine), never);
  const watch = monitorEventLoopDelay({ resolution: 1 });
  watch.enable();
  await work();
  watch.disable();
  return watch.max / 1e6;
}

it.each([
  ["nested entities", rss("<item><title>&i;</title></item>", bomb)],
  [
    "one long entity many times",
    rss(`<item><title>${"&a;".repeat(5_000)}</title></item>`, `<!DOCTYPE x [<!ENTITY a "${"x".repeat(50_000)}">]>`),
  ],
  [
    "an entity from a file",
    rss("<item><title>&a;</title></item>", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hosts">]>'),
  ],
])("reader expands no %s", async (_, body) => {
  const answer = text(await reader.read(task(body), never));
  expect(answer).not.toMatch(/lollol|xxx|localhost/);
  expect(answer.length).toBeLessThan(30_000);
});

it.each([
  ["200,000 elements deep", rss(`<item>${"<a>".repeat(200_000)}${"</a>".repeat(200_000)}</item>`)],
  ["an attribute of 4.9 MB", rss(`<item><title>x</title><enclosure url="${"a".repeat(4_900_000)}"/></item>`)],
  ["two million open brackets", rss(`<item><title>${"<".repeat(2_000_000)}</title></item>`)],
  ["CDATA that never ends", rss(`<item><title>${"<![CDATA[".repeat(400_000)}</title></item>`)],
  ["four million ampersands", rss(`<item><description>${"&".repeat(4_000_000)}</description></item>`)],
  ["a page of brackets", `<html>${"<link ".repeat(800_000)}`],
  ["a page of open quotes", `<html><link ${'"'.repeat(200_000)}`],
  ["JSON two million deep", `{"version":"https://jsonfeed.org/version/1.1","items":[{"id":${"[".repeat(2_000_000)}`],
  ["zero bytes", "\0".repeat(1_000_000)],
  ["300,000 attributes", attributes],
])("reader survives %s and reads the next feed", async (_, body) => {
  await reader.read(task(body), never).then(
    (read) => expect(text(read).length).toBeLessThan(200_000),
    (thrown: unknown) => expect(thrown).toMatchObject({ code: "platform-protocol-error", kind: "permanent" }),
  );
  expect(await reader.read(task(fine), never)).toMatchObject({ kind: "feed", feed: { entries: [{ title: "fine" }] } });
  expect(threads.threads()).toBe(1);
});

it("reader takes no prototype from a document", async () => {
  const names = "<__proto__><polluted>1</polluted></__proto__><constructor><prototype>1</prototype></constructor>";
  await reader.read(task(rss(`<item>${names}<title>x</title></item>`)), never);
  const json =
    '{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[{"id":"1","__proto__":{"polluted":1}}]}';
  const read = await reader.read(task(json), never);
  expect(read).toMatchObject({ kind: "feed", feed: { entries: [{ id: "1" }] } });
  expect(text(read)).not.toContain("polluted");
  expect(Object.prototype).not.toHaveProperty("polluted");
});

it("reader reads 500 of 20,000 entries without blocking the event loop", async () => {
  const items = Array.from(
    { length: 20_000 },
    (_, n) =>
      `<item><title>Item ${n}</title><guid>${n}</guid><link>http://example.org/${n}</link><description>${"word ".repeat(20)}</description></item>`,
  );
  const bytes = task(rss(items.join("")));
  let read: unknown;
  const delay = await delayDuring(async () => {
    read = await reader.read(bytes, never);
  });
  console.log(
    `20,000 entries, ${(bytes.bytes.length / 1e6).toFixed(1)} MB: event loop delay ${delay.toFixed(1)} ms at most`,
  );
  expect(read).toMatchObject({ kind: "feed", feed: { title: "T" } });
  const { feed } = read as { readonly feed: { readonly entries: readonly unknown[] } };
  expect(feed.entries.length).toBe(500);
});

it("reader ends a thread beyond its limits", async () => {
  const slow = createReaders(1, 50);
  await expect(slow.forApp("app1").read(task(attributes), never)).rejects.toMatchObject({
    code: "platform-protocol-error",
  });
  expect(slow.threads()).toBe(0);
});

it("reader stops running and queued jobs when aborted", async () => {
  const stop = new AbortController();
  const long = reader.read(task(rss("<item><title>x</title></item>".repeat(150_000))), stop.signal);
  const queued = reader.read(task(fine), stop.signal);
  stop.abort(new Error("stopped"));
  for (const { status } of await Promise.allSettled([long, queued])) expect(status).toBe("rejected");
  expect(await reader.read(task(fine), never)).toMatchObject({ kind: "feed" });
});
