import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gateway } from "../support/gateway.ts";
import { type Conformance, conform } from "../support/openapi-conformance.ts";
import { fine, holding, MARK, notActivity, notJson } from "./hostile-json.ts";

describe("hostile bodies at POST /activities", () => {
  let gw: Awaited<ReturnType<typeof gateway>>;
  let key: string;
  let contract: Conformance;

  beforeAll(async () => {
    gw = await gateway({ PLATFORMS: "+dummy" }, { works: false });
    contract = conform(gw.document);
    key = await gw.keyOf("all");
  });
  afterAll(() => gw.stop());

  async function post(body: string | Buffer, headers: Readonly<Record<string, string>> = {}) {
    const all = { Authorization: `Bearer ${key}`, "Content-Type": "application/json", ...headers };
    const response = await fetch(`${gw.url}/gateway/activities`, { method: "POST", headers: all, body });
    const text = await response.text();
    const { status } = response;
    contract.check({
      method: "POST",
      path: "/gateway/activities",
      status,
      headers: Object.fromEntries(response.headers),
      text,
    });
    return { status, text, code: (JSON.parse(text) as { code?: string }).code };
  }

  /** Expects a refusal with this code, without repeating the input and without stored keys. */
  async function refuses(
    body: string | Buffer,
    status: number,
    code: string,
    headers?: Readonly<Record<string, string>>,
  ) {
    const before = await storedKeys();
    const answer = await post(body, headers);
    expect({ status: answer.status, code: answer.code }).toEqual({ status, code });
    expect(answer.text).not.toContain(MARK);
    expect(await storedKeys()).toEqual(before);
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  }

  /** All keys of Redis that accepting would touch. */
  async function storedKeys(): Promise<readonly string[]> {
    const all = await gw.client.keys("*");
    return all.filter((name) => /:(rid|lane|lanes|due|deadlines|blobs|counts)(:|$)/.test(name)).sort();
  }

  for (const [name, body] of Object.entries(notJson)) {
    it(`${name}: 400`, () => refuses(body, 400, "malformed-json"));
  }
  for (const [name, body] of Object.entries(notActivity)) {
    it(`${name}: 422`, async () => {
      const code = name.endsWith("a verb")
        ? "verb-not-supported"
        : name.endsWith("a platform")
          ? "platform-unknown"
          : "validation-failed";
      await refuses(body, 422, code);
    });
  }
  const good = holding(`"${MARK}"`);
  const others = [
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "application/jsonp",
    "application/json; charset=utf-16",
    "application/json; charset=utf-7",
    "application/json; charset=latin1",
    "application/json, text/plain",
    "json",
    "*/*",
  ];
  for (const type of others) {
    it(`as ${type}: 415`, () => refuses(good, 415, "unsupported-media-type", { "Content-Type": type }));
  }
  const codings = {
    gzip: gzipSync(good),
    deflate: deflateSync(good),
    br: brotliCompressSync(good),
    zstd: Buffer.from(good),
    "gzip, gzip": gzipSync(gzipSync(good)),
    rot13: Buffer.from(good),
  };
  for (const [coding, body] of Object.entries(codings)) {
    it(`with Content-Encoding ${coding}: 415`, () =>
      refuses(body, 415, "unsupported-media-type", { "Content-Encoding": coding }));
  }
  it("a gzip bomb of 50 MB: 415, unread", () =>
    refuses(gzipSync(Buffer.alloc(50 * 1024 * 1024, " ")), 415, "unsupported-media-type", {
      "Content-Encoding": "gzip",
    }));

  it("a list with one too large item: 413", async () => {
    await refuses(`[${holding(`"${"x".repeat(70_000)}"`)}]`, 413, "payload-too-large");
  });

  it("too many attachments: 413", async () => {
    const content = Buffer.alloc(10 * 1024 * 1024 + 1).toString("base64");
    const letter = {
      platform: "email",
      verb: "send",
      actor: { address: "bob@example.com" },
      target: { address: "foo@bar.com" },
      object: { attachments: [{ name: `${MARK}.bin`, content }] },
    };
    await refuses(JSON.stringify(letter), 413, "payload-too-large");
  });

  it("no queue exists after all refusals", async () => {
    expect(await gw.client.keys("{dgmq}*")).toEqual([]);
  });

  for (const [name, body] of Object.entries(fine)) {
    it(`${name}: 202`, async () => {
      expect((await post(body)).status).toBe(202);
    });
  }

  for (const type of [
    "application/json;charset=UTF-8",
    'application/json; charset="utf-8"',
    "application/activity+json",
    "APPLICATION/JSON",
  ]) {
    it(`as ${type}: 202`, async () => {
      expect((await post(holding('"Hi"'), { "Content-Type": type })).status).toBe(202);
    });
  }

  it("one byte more than 64 kB: 413; one byte less: 202", async () => {
    const room = 65_536 - holding('""').length;
    const exactly = (length: number) => holding(`"${"x".repeat(length)}"`);
    expect((await post(exactly(room))).status).toBe(202);
    await refuses(exactly(room + 1), 413, "payload-too-large");
  });
});
