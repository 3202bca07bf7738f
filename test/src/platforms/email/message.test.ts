import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { simpleParser } from "mailparser";
import { describe, expect, it } from "vitest";
import type { Activity } from "../../../../src/model/activity.ts";
import { validationErrors } from "../../../../src/model/validate.ts";
import { referencesOf, singleId } from "../../../../src/platforms/email/inbound/header-values.ts";
import { email } from "../../../../src/platforms/email/platform.ts";
import { wireAddress } from "../../../../src/platforms/email/schemas/address.ts";
import { SendSchema } from "../../../../src/platforms/email/schemas/message.ts";
import { compose } from "../../../../src/platforms/email/verbs/compose.ts";
import { runOnce } from "../../../support/run-verb.ts";
import { scriptedSmtp } from "../../../support/scripted-smtp.ts";
import { testMailActivity } from "../../../support/verb-context.ts";

const mail = (object: object, more: object = {}) => ({
  actor: { address: "bob@example.com" },
  target: [{ address: "foo@bar.com" }],
  object,
  ...more,
});
const pointers = (input: unknown) => validationErrors(SendSchema, input).map(({ pointer }) => pointer);

describe("the schema of send", () => {
  it("accepts the founding essay's example, with its target as a list", () => {
    expect(
      pointers({
        actor: { name: "Bob User", address: "bob@example.com" },
        target: [{ name: "Foo Bar", address: "foo@bar.com" }],
        object: { subject: "Hi", body: "Hello World!" },
      }),
    ).toEqual([]);
  });

  it("sends Markdown as HTML and as plain text, beside what the app wrote itself", async () => {
    const partsOf = async (object: Activity["object"]) => {
      const { text = "", html } = await simpleParser(
        Buffer.concat(await compose(testMailActivity({ object }), [], {})),
      );
      return [text.trim(), html === false ? html : html?.trim()];
    };
    const markdown = "**Hello** [site](https://a.example)";
    const html = '<p><strong>Hello</strong> <a href="https://a.example">site</a></p>';
    expect(await partsOf({ markdown })).toEqual(["Hello site (https://a.example)", html]);
    expect(await partsOf({ markdown, body: "Hello!" })).toEqual(["Hello!", html]);
    expect(await partsOf({ markdown, html: "<i>Hello</i>" })).toEqual([
      "Hello site (https://a.example)",
      "<i>Hello</i>",
    ]);
  });

  it("requires a body, html, markdown or attachments", () => {
    expect(pointers(mail({ subject: "Hi" })).length).toBeGreaterThan(0);
    for (const object of [{ body: "" }, { html: "x" }, { attachments: [{ name: "a", content: "" }] }]) {
      expect(pointers(mail(object))).toEqual([]);
    }
  });

  const breaks = [
    "\r\nBcc: evil@x.example",
    "\nX: y",
    "\rX: y",
    "\u0000",
    "\u001f",
    "\u007f",
    "\u0085",
    "\u2028",
    "\u2029",
  ];
  it.each([
    ["/object/subject", (bad: string) => mail({ body: "", subject: `Hi${bad}` })],
    ["/actor/name", (bad: string) => mail({ body: "" }, { actor: { address: "bob@example.com", name: `B${bad}` } })],
    ["/actor/address", (bad: string) => mail({ body: "" }, { actor: { address: `bob@example.com${bad}` } })],
    ["/target/0/name", (bad: string) => mail({ body: "" }, { target: [{ address: "foo@bar.com", name: `B${bad}` }] })],
    ["/target/0/address", (bad: string) => mail({ body: "" }, { target: [{ address: `foo@bar.com${bad}` }] })],
    ["/object/inReplyTo", (bad: string) => mail({ body: "", inReplyTo: `<a@b>${bad}` })],
    ["/object/references/0", (bad: string) => mail({ body: "", references: [`<a@b>${bad}`] })],
    ["/object/replyTo", (bad: string) => mail({ body: "", replyTo: { address: "a@b.example", name: bad } })],
    ["/object/headers/X-A", (bad: string) => mail({ body: "", headers: { "X-A": `v${bad}` } })],
    ["/object/attachments/0/name", (bad: string) => mail({ attachments: [{ name: `n${bad}`, content: "" }] })],
    [
      "/object/attachments/0/mediaType",
      (bad: string) => mail({ attachments: [{ name: "n", mediaType: `text/plain${bad}`, content: "" }] }),
    ],
    ["/object/attachments/0/id", (bad: string) => mail({ attachments: [{ name: "n", id: `i${bad}`, content: "" }] })],
  ] as const)("refuses control characters in %s with a pointer, without an echo", (pointer, make) => {
    const strict = pointer.endsWith("name") && pointer.includes("attachments") ? breaks.slice(0, 6) : breaks;
    for (const bad of strict) {
      const found = validationErrors(SendSchema, make(bad));
      expect(
        found.some((fault) => fault.pointer.startsWith(pointer)),
        JSON.stringify([bad, found]),
      ).toBe(true);
      expect(JSON.stringify(found)).not.toContain("evil");
    }
  });

  it.each([
    "Bcc",
    "To",
    "From",
    "Subject",
    "Content-Type",
    "DKIM-Signature",
    "Received",
    "Return-Path",
    "Message-ID",
    "Date",
    "X-",
    "X A",
    "__proto__",
    "X-A: b\r\nBcc",
  ])("refuses the header %s", (name) => {
    const headers = JSON.parse(`{${JSON.stringify(name)}: "v"}`) as object;
    expect(pointers(mail({ body: "", headers })).length).toBeGreaterThan(0);
  });

  it.each([
    [{ attachments: [{ name: "a", path: "/etc/passwd" }] }],
    [{ attachments: [{ name: "a", url: "file:///etc/passwd" }] }],
    [{ attachments: [{ name: "../../x", content: "" }] }],
    [{ attachments: [{ name: "a", content: { path: "/etc/passwd" } }] }],
    [{ html: { path: "/etc/passwd" } }],
    [{ body: { href: "http://127.0.0.1/" } }],
    [{ body: "x", raw: "x" }],
    [{ body: "x", amp: "x" }],
    [{ body: "nul \u0000" }],
  ])("refuses files, URLs and objects in place of text: %j", (object) => {
    expect(pointers(mail(object)).length).toBeGreaterThan(0);
  });
});

describe("mail addresses", () => {
  it.each([
    ["foo@bar.com", "foo@bar.com"],
    ["a.b+c@localhost", "a.b+c@localhost"],
    ["x@bücher.de", "x@xn--bcher-kva.de"],
    ["x@例え.テスト", "x@xn--r8jz45g.xn--zckzah"],
    ["!#$%&'*+/=?^_`{|}~-@a-b.c", "!#$%&'*+/=?^_`{|}~-@a-b.c"],
    [`${"l".repeat(64)}@b.example`, `${"l".repeat(64)}@b.example`],
  ])("are accepted: %s", (text, wire) => {
    expect(wireAddress(text)).toBe(wire);
    expect(pointers(mail({ body: "" }, { target: [{ address: text }] }))).toEqual([]);
  });

  it.each([
    "foo",
    "@bar.com",
    "foo@",
    "foo@@bar.com",
    "a@b@c.com",
    ".a@b.com",
    "a.@b.com",
    "a..b@c.com",
    '"a b"@c.com',
    '"a@evil.com"@c.com',
    "a(comment)@c.com",
    "a@[127.0.0.1]",
    "a@127.0.0.1",
    "a@0x7f.1",
    "a@１２７.０.０.１",
    "Foo <a@b.com>",
    "a@b.com, c@d.com",
    "a@b.com;c@d.com",
    "a@b.com>",
    "<a@b.com>",
    "a@-b.com",
    "a@b-.com",
    "a@b..com",
    "a@.com",
    "a@b.com.",
    "a b@c.com",
    "a@b c.com",
    "a\\@b.com",
    "ü@b.com",
    "a@b_c.com",
    `${"l".repeat(65)}@b.com`,
    `a@${"d".repeat(64)}.com`,
    "a@b.com\r\nRCPT TO:<evil@x.com>",
    "a@b.com SIZE=1",
    "",
    " a@b.com",
    "a@xn--a.com/..",
    "a@b.com%00",
    "a@\u202eb.com",
    "a＠b.com",
    "%s@b.com%0d",
  ])("are refused: %s", (text) => {
    expect(wireAddress(text)).toBeUndefined();
  });

  it("have one interpretation only", () => {
    const piece = fc.constantFrom(
      "a",
      "b",
      "@",
      ".",
      '"',
      "\\",
      "<",
      ">",
      "(",
      ")",
      ",",
      ";",
      ":",
      " ",
      "\r",
      "\n",
      "\t",
      "\u0000",
      "[",
      "]",
      "ü",
      "１",
      "-",
      "example.com",
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }).map((parts) => parts.join("")),
        (text) => {
          const wire = wireAddress(text);
          if (wire === undefined) return;
          expect(wire).toMatch(/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+$/);
          expect(wire.split("@")).toHaveLength(2);
          expect(wireAddress(wire)).toBe(wire);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("beyond the pattern are refused before an account is looked up", () => {
    const refuse = (address: string) =>
      email({}).validate?.("send", testMailActivity({ target: [{ address: "a@b.com" }, { address }] }));
    expect(refuse("a@1.2.3.4")).toMatchObject({
      code: "validation-failed",
      pointer: "/target/1/address",
    });
    expect(refuse("a@b.com")).toBeUndefined();
  });
});

describe("the composed message", () => {
  const line = fc
    .string({ unit: "grapheme", maxLength: 120 })
    .filter((text) => !/\p{Cc}|[^\S ]/u.test(text) && text.isWellFormed());
  const label = fc.stringMatching(/^[a-z0-9]{1,10}$/);
  const address = fc.tuple(label, label).map(([local, domain]) => `${local}@${domain}.example`);
  const person = fc.record({ address, name: line }, { requiredKeys: ["address"] });
  const target = fc.record(
    { address, name: line, field: fc.constantFrom("to" as const, "cc" as const, "bcc" as const) },
    { requiredKeys: ["address"] },
  );
  const tidy = (text = "") => text.replaceAll(/\s+/g, " ").trim();
  const people = (header: unknown) => {
    const { value = [] } = (header ?? {}) as {
      readonly value?: ReadonlyArray<{ readonly address?: string; readonly name: string }>;
    };
    return value.map(({ address, name }) => [address, tidy(name)]);
  };

  it("has exactly the requested headers and recipients, for any texts", async () => {
    await fc.assert(
      fc.asyncProperty(
        person,
        fc.array(target, { minLength: 1, maxLength: 5 }),
        line,
        line,
        line,
        async (actor, targets, subject, body, header) => {
          const object = { subject, body, headers: { "X-Test": header } };
          const activity: Activity = testMailActivity({ actor, target: targets, object });
          fc.pre(validationErrors(SendSchema, { actor, target: targets, object }).length === 0);
          const bytes = Buffer.concat(await compose(activity, [], {}));
          const parsed = await simpleParser(bytes);
          const fields = (["to", "cc"] as const).filter((field) =>
            targets.some((target) => (target.field ?? "to") === field),
          );
          const optional = [
            ...fields,
            ...(tidy(subject) === "" ? [] : ["subject"]),
            ...(tidy(header) === "" ? [] : ["x-test"]),
          ];
          const keys = parsed.headerLines.map(({ key }) => key).filter((key) => key !== "content-transfer-encoding");
          expect(keys.sort()).toEqual(
            ["content-type", "date", "from", "message-id", "mime-version", "x-dragoman-id", ...optional].sort(),
          );
          expect(people(parsed.from)).toEqual([[actor.address, tidy(actor.name)]]);
          for (const field of ["to", "cc"] as const) {
            const expected = targets
              .filter((target) => (target.field ?? "to") === field)
              .map((target) => [target.address, tidy(target.name)]);
            expect(people(parsed[field])).toEqual(expected);
          }
          expect(tidy(parsed.subject)).toBe(tidy(subject));
          expect(parsed.messageId).toBe(`<${activity.id}@${actor.address.split("@")[1]}>`);
          for (const { address: hidden, field } of targets) {
            const elsewhere =
              targets.some((target) => target.address === hidden && target.field !== "bcc") || actor.address === hidden;
            if (field === "bcc" && !elsewhere)
              expect(bytes.toString().split("\r\n\r\n")[0]).not.toContain(`${hidden}>`);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("stays one message for any line ends and dots in the body (SMTP smuggling)", async () => {
    const server = await scriptedSmtp();
    const platform = email({ relay: { url: `smtp://127.0.0.1:${server.port}` } });
    const piece = fc.constantFrom(
      "\r\n.\r\n",
      "\n.\n",
      "\r.\r",
      "\n.\r\n",
      "\r\n.\n",
      ".",
      "\r",
      "\n",
      "MAIL FROM:<evil@x.example>",
      "x".repeat(1_200),
      "ü",
      "From me",
    );
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(piece, { minLength: 1, maxLength: 8 }).map((parts) => parts.join("")),
          async (body) => {
            const before = server.messages.length;
            await runOnce(platform, testMailActivity({ object: { body } }));
            expect(server.messages.length).toBe(before + 1);
            const raw = (server.messages.at(-1) ?? "").replaceAll("\r\n..", "\r\n.");
            expect(raw.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
            expect(Math.max(...raw.split("\r\n").map((text) => text.length))).toBeLessThanOrEqual(998);
            const lines = (text = "") => text.replaceAll(/\r\n|\r|\n/g, "\n").replace(/\n+$/, "");
            expect(lines((await simpleParser(Buffer.from(raw, "latin1"))).text)).toBe(lines(body));
            expect(server.commands.filter((command) => /evil/.test(command))).toEqual([]);
          },
        ),
        { numRuns: 60 },
      );
    } finally {
      await server.stop();
    }
  });
});

describe("a mail of 20 MB", () => {
  it("is composed and signed in pieces, between which other work runs", async () => {
    const { privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const content = Buffer.alloc(20 * 1024 * 1024, "a file ü");
    const dkim = { domain: "example.test", selector: "k1", privateKey };
    let turns = 0;
    let isOver = false;
    const countTurn = (): void => {
      turns += 1;
      if (!isOver) setImmediate(countTurn);
    };
    setImmediate(countTurn);
    const bytes = Buffer.concat(await compose(testMailActivity(), [{ name: "a.bin", content }], { dkim }));
    isOver = true;
    // A turn of the event loop for each piece of 57 KiB, at composing and at signing.
    expect(turns).toBeGreaterThan((2 * content.length) / (57 * 1024));
    const { attachments } = await simpleParser(bytes);
    expect(attachments[0]?.content.equals(content)).toBe(true);
  });
});

describe("ids of mails that arrived", () => {
  it("are taken in an answer, whatever their sender wrote", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 600 }), fc.string({ maxLength: 80 })), (value) => {
        const { id } = singleId("id", `<${value}>`);
        const references = referencesOf(`<${value}> <a@b.example> ${value}`);
        const answered = { body: "x", ...(id === undefined ? {} : { inReplyTo: id }), references: [...references] };
        expect(pointers(mail(answered))).toEqual([]);
      }),
    );
  });
});
