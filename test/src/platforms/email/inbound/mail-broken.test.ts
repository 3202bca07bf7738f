import { afterAll, describe, expect, it } from "vitest";
import { mailReaders } from "../../../../../src/platforms/email/inbound/mail-reader.ts";
import { UUENCODED_PART } from "../../../../support/uuencoded-part.ts";

const readers = mailReaders(1);
const reader = readers.forApp("app1");
afterAll(() => readers.close());
const { signal } = new AbortController();
const read = (...lines: readonly string[]) => reader.read(Buffer.from(lines.join("\r\n"), "latin1"), signal);

const FROM = "From: ann@example.test";

describe("a broken head", () => {
  it("has encoded words with raw bytes, which are in the charset of the word", async () => {
    const mail = await read(
      "From: =?iso-8859-1?Q?Ann_\xc4rger?= <ann@example.test>",
      "Subject: =?iso-8859-1?Q?Gr\xfc\xdfe?= =?utf-8?Q?_an_J=C3=BCrgen?=",
      "",
      "x",
    );
    expect(mail).toMatchObject({ actor: { name: "Ann Ärger" }, object: { subject: "Grüße an Jürgen" } });
  });

  it.each([
    ["MAILER-DAEMON", { address: "MAILER-DAEMON" }],
    ["MAILER-DAEMON <>", { address: "<>", name: "MAILER-DAEMON" }],
    ["Mail System <MAILER-DAEMON>", { address: "MAILER-DAEMON", name: "Mail System" }],
    ["postmaster@example.test (Mail System)", { address: "postmaster@example.test", name: "Mail System" }],
    ["Ann and Bob", { address: "<>" }],
  ])("has the author %s", async (from, actor) => {
    expect((await read(`From: ${from}`, "", "x")).actor).toEqual(actor);
  });

  it("lists recipients without a domain", async () => {
    const mail = await read(FROM, "To: root, bob@example.test, undisclosed-recipients:;", "", "x");
    expect(mail.object.to).toEqual([{ address: "root" }, { address: "bob@example.test" }]);
  });

  it("lacks the empty line before the text", async () => {
    const mail = await read(FROM, "Subject: Hi", "This line is no field.", "Nor: is this");
    expect(mail.object).toMatchObject({ subject: "Hi", body: "This line is no field.\nNor: is this" });
  });
});

describe("a broken multipart", () => {
  const parts = (boundary: string) => [
    "",
    `--${boundary}`,
    "Content-Type: text/plain",
    "",
    "Hello",
    `--${boundary}`,
    "Content-Type: image/png; name=a.png",
    "",
    "png",
    `--${boundary}--`,
  ];
  const readAs = async (type: readonly string[], boundary: string) => {
    const { object } = await read(FROM, ...type, ...parts(boundary));
    return { body: object.body, files: object.attachments?.map(({ name, part }) => `${part} ${name}`) };
  };
  const expected = { body: "Hello", files: ["2 a.png"] };

  it.each([
    ["whose boundary is on a line that was not folded", ["Content-Type: multipart/mixed;", 'boundary="a:b"'], "a:b"],
    ["without a semicolon before the boundary", ["Content-Type: multipart/mixed boundary=ab"], "ab"],
    ["whose boundary is another", ['Content-Type: multipart/mixed; boundary="----=_1"'], "----=_2"],
    ["without a boundary", ["Content-Type: multipart/mixed"], "----=_3"],
  ])("%s is read", async (_name, type, boundary) => {
    expect(await readAs(type, boundary)).toEqual(expected);
  });
});

describe("a broken body", () => {
  const bodyOf = async (encoding: string, ...lines: readonly string[]) =>
    (await read(FROM, `Content-Transfer-Encoding: ${encoding}`, "", ...lines)).object.body;

  it.each([
    ["text that is not encoded", ["Hello Bob, this is", "no base64."], "Hello Bob, this is\nno base64."],
    ["a list's footer", ["SGVsbG8=", "_______", "The list"], "Hello"],
    ["blank lines before it", ["", " ", "SGVs", "bG8="], "Hello"],
  ])("in base64 has %s", async (_name, lines, body) => {
    expect(await bodyOf("base64", ...lines)).toBe(body);
  });

  it("in quoted-printable has blanks that were added on the way", async () => {
    expect(await bodyOf("quoted-printable", "one=  ", " line \t", "=3D =A0 ")).toBe("one line\n= \u00a0");
  });

  it("is empty, but names a file", async () => {
    const { object } = await read(FROM, "Content-Type: text/html; name=page.html", "", "");
    expect(object.attachments).toEqual([{ name: "page.html", mediaType: "text/html", size: 0, part: "1" }]);
    expect((await read(FROM, "Content-Type: text/plain", "", "")).object.attachments).toBeUndefined();
  });

  it("of a media type without a semicolon keeps type and name", async () => {
    const { object } = await read(FROM, 'Content-Type: application/pdf name="a.pdf"', "", "pdf");
    expect(object.attachments).toMatchObject([{ name: "a.pdf", mediaType: "application/pdf" }]);
  });

  it("in uuencode is an attachment under the part's own number", async () => {
    const { object } = await read(FROM, ...UUENCODED_PART);
    expect(object.attachments).toEqual([{ name: "cat.gif", mediaType: "image/gif", size: 3, part: "1" }]);
  });
});
