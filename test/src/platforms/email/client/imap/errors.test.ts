import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classifyImapError } from "../../../../../../src/platforms/email/client/imap/errors.ts";
import { attachmentsOfStructure, describedParts } from "../../../../../../src/platforms/email/client/imap/parts.ts";
import { formatCursor, mailKey, parseCursor } from "../../../../../../src/platforms/email/inbound/imap-cursor.ts";
import { email } from "../../../../../../src/platforms/email/platform.ts";

const uid = fc.integer({ min: 0, max: 4_294_967_295 });
const uidValidity = fc.bigInt({ min: 0n, max: 2n ** 63n }).map(String);

describe("the cursor of a folder", () => {
  it("parses back from its text", () => {
    const cursor = fc.record({ uidValidity, uid, newest: fc.integer({ min: 0, max: 8.64e14 }) });
    fc.assert(fc.property(cursor, (input) => void expect(parseCursor(formatCursor(input))).toEqual(input)));
  });

  it("is undefined for any other text", () => {
    expect(parseCursor(undefined)).toBeUndefined();
    const other = fc.string().filter((text) => !/^\d+:\d+:\d+$/.test(text));
    fc.assert(fc.property(other, (text) => void expect(parseCursor(text)).toBeUndefined()));
  });
});

describe("the key of a mail", () => {
  const traits = fc.record({
    messageId: fc.string({ minLength: 1 }),
    hash: fc.base64String({ minLength: 1 }),
    size: fc.nat(),
  });

  it("is the same in every folder, and differs where the bytes differ", () => {
    fc.assert(
      fc.property(traits, traits, fc.string(), fc.string(), (first, second, here, there) => {
        expect(mailKey(first, here)).toBe(mailKey({ ...first }, there));
        expect(mailKey(first, here) === mailKey(second, here)).toBe(first.hash === second.hash);
      }),
    );
  });

  it("is the location for a mail without Message-ID", () => {
    expect(mailKey({ messageId: undefined, hash: "h", size: 1 }, "INBOX:1:2")).toBe("mail:INBOX:1:2");
  });
});

describe("the parts of a mail", () => {
  const leaf = fc.record(
    {
      type: fc.constantFrom("text/plain", "TEXT/HTML", "image/png", "message/rfc822", "text/calendar"),
      part: fc.stringMatching(/^[1-9](\.[1-9]){0,3}$/),
      size: fc.nat(),
      encoding: fc.constantFrom("base64", "BASE64", "7bit", "quoted-printable"),
      disposition: fc.constantFrom("attachment", "inline"),
      dispositionParameters: fc.record({ filename: fc.string({ maxLength: 400 }) }),
      id: fc.string(),
    },
    { requiredKeys: ["type"] },
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.record({ type: fc.constant("multipart/mixed"), childNodes: fc.array(tie("tree"), { maxLength: 5 }) }),
    ),
  }));

  it("are each classified as text, HTML or attachment, and bounded", () => {
    fc.assert(
      fc.property(tree as fc.Arbitrary<Parameters<typeof describedParts>[0]>, (structure) => {
        const attachments = attachmentsOfStructure(structure);
        expect(describedParts(structure).parts.length).toBeGreaterThanOrEqual(Math.min(attachments.length, 500));
        for (const { name = "", id = "", size } of attachments) {
          expect(name.length).toBeLessThanOrEqual(255);
          expect(id.length).toBeLessThanOrEqual(250);
          expect(`${name}${id}`).not.toMatch(/\p{Cc}/u);
          expect(size).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it("are read to a bounded depth", () => {
    const deep = Array.from({ length: 50_000 }).reduce<object>(
      (inner) => ({ type: "multipart/mixed", childNodes: [inner] }),
      { type: "text/plain", part: "1" },
    );
    expect(describedParts(deep as never)).toEqual({ parts: [], isComplete: true });
  });
});

describe("classifyError for imapflow", () => {
  const { classifyError: classify } = email({});
  it.each([
    [{ authenticationFailed: true, serverResponseCode: "AUTHENTICATIONFAILED" }, "auth", "credentials-invalid"],
    [{ authenticationFailed: true, serverResponseCode: "UNAVAILABLE" }, "retryable", "platform-unavailable"],
    [{ authenticationFailed: true, serverResponseCode: "EXPIRED" }, "auth", "credentials-expired"],
    [{ authenticationFailed: true }, "auth", "platform-rejected"],
    [{ code: "ETHROTTLE", throttleReset: 5_000 }, "rate-limited", "platform-rate-limited"],
    [{ code: "NoConnection" }, "retryable", "platform-unavailable"],
    [{ code: "GREETING_TIMEOUT" }, "retryable", "platform-timeout"],
    [{ code: "LiteralTooLarge" }, "retryable", "platform-protocol-error"],
    [{ code: "ParserError11" }, "retryable", "platform-protocol-error"],
    [{ tlsFailed: true }, "permanent", "tls-failed"],
    [{ code: "DEPTH_ZERO_SELF_SIGNED_CERT" }, "permanent", "tls-failed"],
    [{ responseStatus: "NO", serverResponseCode: "NONEXISTENT" }, "permanent", "recipient-unknown"],
    [{ responseStatus: "NO", serverResponseCode: "OVERQUOTA" }, "permanent", "recipient-not-reachable"],
    [{ responseStatus: "BAD", responseText: "secret words" }, "permanent", "platform-rejected"],
  ])("maps %j to %s %s", (fields, kind, code) => {
    const failure = classify(Object.assign(new Error("secret words"), fields));
    expect(failure).toMatchObject({ kind, code });
    expect(`${failure.message} ${failure.platformCode}`).not.toContain("secret");
  });

  it("keeps the server's wait, at most an hour", () => {
    expect(classify({ code: "ETHROTTLE", throttleReset: 5_000 }).retryAfterMs).toBe(5_000);
    expect(classify({ code: "ETHROTTLE", throttleReset: 1e12 }).retryAfterMs).toBe(3_600_000);
  });

  it("never throws for any value", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (thrown, response) => {
        classifyImapError(thrown);
        classifyImapError({ responseStatus: "NO", response });
      }),
    );
  });
});
