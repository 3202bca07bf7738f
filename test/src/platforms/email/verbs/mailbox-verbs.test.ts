import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Failure } from "../../../../../src/model/failure.ts";
import { validationErrors } from "../../../../../src/model/validate.ts";
import type { Receipt } from "../../../../../src/platform/platform.ts";
import { objectIssues } from "../../../../../src/platform/vocabulary/vocabulary.ts";
import { email } from "../../../../../src/platforms/email/platform.ts";
import { lmtpMailer } from "../../../../support/lmtp-mailer.ts";
import { loopbackEgress } from "../../../../support/loopback-egress.ts";
import { type TestMail, testMail } from "../../../../support/postfix.ts";
import { runOnce } from "../../../../support/run-verb.ts";
import { UUENCODED_PART } from "../../../../support/uuencoded-part.ts";
import { testMailActivity } from "../../../../support/verb-context.ts";

let server: TestMail;
const guard = loopbackEgress();
const platform = email({});
const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 31) % 256));

const credentials = (user = "bob") => ({
  host: "127.0.0.1",
  port: server.port,
  ca: server.ca,
  user,
  password: `${user}-pw`,
  mailbox: { protocol: "imap", host: "127.0.0.1", port: server.dovecot.imapPort, tls: "starttls", ca: server.ca },
});
async function done(verb: string, object: object, overrides: object = {}): Promise<Receipt> {
  const activity = testMailActivity({ verb, target: [], object: { ...object } });
  expect(validationErrors(platform.verbs[verb]?.schema as never, { actor: activity.actor, object })).toEqual([]);
  return runOnce(platform, activity, { credentials: credentials(), egress: guard, ...overrides });
}
const failure = (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => expect.unreachable("It was done"),
    (thrown) => thrown,
  );
const items = ({ object }: Receipt) => (object?.items ?? []) as Array<Record<string, unknown>>;
const uidOf = async (subject: string) => Number(items(await done("search", { subject }))[0]?.uid);

async function mailed(object: object, attachments: readonly object[] = []): Promise<string> {
  const activity = testMailActivity({
    actor: { address: "alice@example.test", name: "Ålice" },
    target: [{ address: "bob@example.test" }],
    object: { ...object },
  });
  const receipt = await runOnce(platform, activity, {
    credentials: { host: "127.0.0.1", port: server.port, ca: server.ca },
    egress: guard,
    attachments: async () => attachments as never,
  });
  const id = String(receipt.object?.id);
  await server.inbox("bob").find(({ messageId }) => messageId === id);
  return id;
}

let first: string;
let big: string;
beforeAll(async () => {
  server = await testMail();
  first = await mailed({ subject: "Grüße one", body: "first words ü" });
  big = await mailed({ subject: "two big", body: "with files", html: "<p>with files</p>" }, [
    { name: "ä.bin", mediaType: "application/x-test", content: bytes },
    { name: "note.txt", mediaType: "text/plain", content: Buffer.from("a note ü") },
  ]);
  await mailed({ subject: "three", body: "third" });
});
afterAll(async () => {
  await server?.stop();
  await guard.close();
});

describe("mailbox verbs on a real Dovecot", () => {
  it("list a folder in pages, newest first", async () => {
    const { object, outcomes } = await done("fetch", { limit: 2 });
    expect(outcomes).toEqual([]);
    expect(object).toMatchObject({ type: "collection", folder: "INBOX", total: 3, next: `${object?.uidValidity}.2` });
    expect(object).not.toHaveProperty("previous");
    const [newest, older] = (object?.items ?? []) as Array<Record<string, unknown>>;
    expect(newest).toMatchObject({ uid: 3, subject: "three", from: { address: "alice@example.test", name: "Ålice" } });
    expect(newest).toMatchObject({ seen: false, flagged: false, published: expect.any(String) });
    expect(newest).not.toHaveProperty("attachments");
    expect(older).toMatchObject({ uid: 2, id: big, attachments: [{ name: "ä.bin" }, { name: "note.txt" }] });
    const last = await done("fetch", { limit: 2, after: object?.next });
    expect(items(last).map(({ id }) => id)).toEqual([first]);
    expect(last.object).not.toHaveProperty("next");
    const back = await done("fetch", { limit: 2, before: last.object?.previous });
    expect(back.object).toEqual(object);
    expect(await failure(done("fetch", { after: "1.2" }))).toMatchObject({ code: "recipient-unknown" });
    const since = await done("fetch", { since: new Date(Date.now() - 86_400_000).toISOString() });
    expect(items(since)).toHaveLength(3);
  });

  it("fetch one mail by uid or Message-ID without marking it seen", async () => {
    const { object } = await done("fetch", { id: first });
    expect(object).toMatchObject({
      type: "message",
      id: first,
      subject: "Grüße one",
      body: "first words ü",
      from: { address: "alice@example.test" },
      folder: "INBOX",
      uid: 1,
      seen: false,
    });
    const { object: again } = await done("fetch", { uid: 1, uidValidity: object?.uidValidity });
    expect(again).toEqual(object);
  });

  it("fetch a large mail's text, list its attachments and fetch their bytes in pieces", async () => {
    const { object } = await done("fetch", { id: big });
    expect(object).toMatchObject({ body: "with files", html: "<p>with files</p>", size: expect.any(Number) });
    const listed = object?.attachments as Array<Record<string, unknown>>;
    expect(listed).toMatchObject([
      { name: "ä.bin", mediaType: "application/x-test", part: expect.any(String) },
      { name: "note.txt", mediaType: "text/plain" },
    ]);
    expect(Math.abs(Number(listed[0]?.size) - bytes.length)).toBeLessThan(1_000);
    const note = await done("fetch", { id: big, attachments: [listed[1]?.part] });
    expect(note.object?.attachments).toMatchObject([
      { name: "note.txt", content: Buffer.from("a note ü").toString("base64") },
    ]);
    const got: Buffer[] = [];
    for (let offset: number | undefined = 0; offset !== undefined; ) {
      const { object: piece } = await done("fetch", { uid: 2, attachments: [listed[0]?.part], offset });
      expect(Buffer.byteLength(JSON.stringify(piece))).toBeLessThan(256 * 1024);
      const [attachment] = (piece?.attachments ?? []) as Array<{ content: string }>;
      got.push(Buffer.from(attachment?.content ?? "", "base64"));
      const { next = {} } = (piece?.email ?? {}) as { readonly next?: Readonly<Record<string, number>> };
      offset = next[String(listed[0]?.part)];
    }
    expect(Buffer.concat(got).equals(bytes)).toBe(true);
  });

  it("fetch any mail's raw form in pieces", async () => {
    const raw: Buffer[] = [];
    for (let offset: number | undefined = 0; offset !== undefined; ) {
      const { object } = await done("fetch", { uid: 2, raw: true, offset });
      expect(objectIssues(["email"], object ?? {})).toEqual([]);
      const [attachment] = (object?.attachments ?? []) as Array<{ content: string }>;
      expect(attachment).toMatchObject({ name: "2.eml", mediaType: "message/rfc822" });
      raw.push(Buffer.from(attachment?.content ?? "", "base64"));
      offset = ((object?.email ?? {}) as { next?: { raw: number } }).next?.raw;
    }
    const source = Buffer.concat(raw).toString("latin1");
    expect(source).toContain(`Message-ID: ${big}`);
    expect(source.length).toBeGreaterThan(bytes.length);
  });

  it("answer in the vocabulary's terms", async () => {
    for (const [verb, object] of [
      ["fetch", {}],
      ["fetch", { uid: 1 }],
      ["fetch", { uid: 2, attachments: ["2"] }],
      ["search", { text: "first" }],
      ["query", { type: "folders" }],
      ["read", { uid: 1, seen: false }],
    ] as const) {
      const receipt = await done(verb, object);
      expect(objectIssues(["email"], receipt.object ?? {}), JSON.stringify([verb, object])).toEqual([]);
    }
  });

  it("search mails by text in any script", async () => {
    expect(items(await done("search", { text: "first words ü" })).map(({ id }) => id)).toEqual([first]);
    expect(items(await done("search", { subject: "GRÜSSE" })).map(({ id }) => id).length).toBeLessThanOrEqual(1);
    expect(items(await done("search", { from: "alice@example.test", unseen: true }))).toHaveLength(3);
    expect(items(await done("search", { larger: 100_000 })).map(({ id }) => id)).toEqual([big]);
    expect(items(await done("search", { to: 'x" OR ALL "' }))).toEqual([]);
  });

  it("set and remove the seen and flagged marks", async () => {
    for (const [verb, mark] of [
      ["read", "seen"],
      ["flag", "flagged"],
    ] as const) {
      expect((await done(verb, { uid: [1, 2, 99] })).object).toMatchObject({ uid: [1, 2], [mark]: true });
      expect(items(await done("fetch", {})).map((item) => item[mark])).toEqual([false, true, true]);
      await done(verb, { id: first, [mark]: false });
      expect(items(await done("fetch", {})).map((item) => item[mark])).toEqual([false, true, false]);
    }
  });

  it("move to another folder, delete into the trash, and delete from there permanently", async () => {
    await mailed({ subject: "to move", body: "x" });
    const uid = await uidOf("to move");
    const { object } = await done("move", { uid, destination: "Sent" });
    expect(object).toMatchObject({ uid: [uid], destination: "Sent", email: { moved: { uid: [1] } } });
    expect(await failure(done("move", { uid, destination: "Sent" }))).toMatchObject({
      kind: "permanent",
      code: "recipient-unknown",
    });
    expect((await done("delete", { folder: "Sent", uid: 1 })).object).toMatchObject({ destination: "Trash" });
    expect((await done("delete", { folder: "Trash", uid: 1 })).object).toMatchObject({ permanent: true });
    expect((await done("fetch", { folder: "Trash" })).object).toMatchObject({ total: 0 });
  });

  it("list folders with their special use", async () => {
    const { object } = await done("query", { type: "folders" });
    const folders = object?.items as Array<Record<string, unknown>>;
    expect(folders).toContainEqual(
      expect.objectContaining({
        type: "folder",
        folder: "Sent",
        total: 0,
        email: { use: "sent", unseen: 0, selectable: true },
      }),
    );
    expect(folders).toContainEqual(expect.objectContaining({ folder: "INBOX", total: 3 }));
    expect(await failure(done("query", { type: "quota" }))).toMatchObject({ code: "verb-not-supported" });
  });

  it("fetch a file that a text contains in uuencode", async () => {
    const file = "begin 644 cat.txt\n#0V%T\n`\nend";
    const id = await mailed({ subject: "old", body: `Hello\n${file}\nBye` });
    const { object } = await done("fetch", { id });
    expect(object).toMatchObject({ body: "Hello\nBye", attachments: [{ name: "cat.txt", size: 3, part: "1.uu1" }] });
    const fetched = await done("fetch", { id, attachments: ["1.uu1"] });
    expect(fetched.object?.attachments).toEqual([{ part: "1.uu1", content: Buffer.from("Cat").toString("base64") }]);
    expect(await failure(done("fetch", { id, attachments: ["1.uu2"] }))).toMatchObject({ code: "recipient-unknown" });
  });

  it("fetch an attachment in uuencode, and any other part, by its number", async () => {
    const raw = [
      "Message-ID: <uu@example.test>",
      "Content-Type: multipart/mixed; boundary=b",
      "",
      "--b",
      "",
      "Hello",
      "--b",
      ...UUENCODED_PART,
      "--b--",
      "",
    ].join("\r\n");
    const lmtp = lmtpMailer(server.dovecot.lmtpPort);
    await lmtp.put("bob", Buffer.from(raw));
    lmtp.close();
    const fetched = await done("fetch", { id: "<uu@example.test>", attachments: ["2", "1"] });
    expect(fetched.object?.attachments).toMatchObject([
      { name: "cat.gif", part: "2", content: Buffer.from("Cat").toString("base64") },
      { part: "1", content: Buffer.from("Hello").toString("base64") },
    ]);
  });

  it("report missing mails and folders", async () => {
    const missing = { kind: "permanent", code: "recipient-unknown" };
    expect(await failure(done("fetch", { folder: "Nowhere" }))).toMatchObject(missing);
    expect(await failure(done("fetch", { uid: 4_000 }))).toMatchObject(missing);
    expect(await failure(done("fetch", { uid: 1, uidValidity: "1" }))).toMatchObject(missing);
    expect(await failure(done("fetch", { uid: 1, attachments: ["7"] }))).toMatchObject(missing);
    expect(await failure(done("move", { uid: 1, destination: "Nowhere" }))).toMatchObject(missing);
    const { mailbox: _without, ...bare } = credentials();
    expect(await failure(done("fetch", {}, { credentials: bare }))).toMatchObject({
      kind: "permanent",
      code: "account-unknown",
      message: expect.stringContaining("credentials.mailbox"),
    });
  });

  it.each([
    ["fetch", { folder: "INBOX\r\nX" }, "/object/folder"],
    ["fetch", { folder: "a\u0000" }, "/object/folder"],
    ["search", { text: "x\n" }, "/object/text"],
    ["search", { from: "a\r" }, "/object/from"],
    ["move", { uid: 1, destination: "a\nb" }, "/object/destination"],
    ["read", { id: "<a@b>\r\n" }, "/object/id"],
    ["flag", { uid: 0 }, "/object/uid"],
    ["fetch", { attachments: ["1]"] }, "/object/attachments/0"],
    ["subscribe", { folder: "\u0085" }, "/object/folder"],
  ])("refuse %s %j with a pointer", (verb, object, pointer) => {
    const found = validationErrors(platform.verbs[verb]?.schema as never, { actor: { address: "a@b.test" }, object });
    expect(found.map((fault) => fault.pointer)).toContain(pointer);
  });
});
