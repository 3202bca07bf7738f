import { xml } from "@xmpp/client";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ANY_JID,
  BARE_JID,
  bare,
  domain,
  isValidJid,
  isXmlText,
  local,
  resource,
  TEXT,
} from "../../../../src/platforms/xmpp/client/jid.ts";

type Stanza = ReturnType<typeof xml>;
/** Reads a stanza as the other side would. */
function parsed(text: string): Stanza[] {
  const found: Stanza[] = [];
  const parser = new (
    xml as unknown as {
      Parser: new () => { on(name: string, on: (stanza: Stanza) => void): void; write(text: string): void };
    }
  ).Parser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("element", (stanza) => found.push(stanza));
  parser.write(`<stream>${text}`);
  return found;
}
const text = fc.string({ unit: "binary", maxLength: 200 });
const spiky = fc.stringMatching(/^[<>&'"\]/a@ \n\t;#x0-9-]{0,40}$/);

describe("isXmlText", () => {
  it("accepts text that survives serialization and parsing unchanged", () => {
    const allowed = new RegExp(TEXT, "u");
    fc.assert(
      fc.property(fc.oneof(text, spiky), fc.oneof(text, spiky), (body, id) => {
        fc.pre(allowed.test(body) && allowed.test(id) && body !== "");
        const written = xml("message", { id }, xml("body", {}, body)).toString();
        expect(isXmlText(written)).toBe(true);
        const found = parsed(written);
        expect(found).toHaveLength(1);
        expect(found[0]?.attrs.id).toBe(id);
        expect(found[0]?.children).toHaveLength(1);
        expect(found[0]?.getChildText("body")).toBe(body);
      }),
    );
  });

  it("refuses characters that XML can't carry", () => {
    for (const bad of ["\u0000", "\u0008", "\u000b", "\u001f", "\ufffe", "\uffff"]) {
      expect(isXmlText(bad)).toBe(false);
      expect(new RegExp(TEXT, "u").test(bad)).toBe(false);
    }
    // The intake refuses these, so that the pattern need not.
    for (const unpaired of ["\ud800", "a\udc00"]) expect(isXmlText(unpaired)).toBe(false);
    for (const good of ["", "\t\n\r", "é", "🎉", "\u0085"]) expect(isXmlText(good)).toBe(true);
  });
});

describe("JID patterns and parts", () => {
  const any = new RegExp(ANY_JID, "u");
  it("split JIDs into parts that make up the same JID", () => {
    const part = fc.stringMatching(/^[a-z0-9äß._-]{1,20}$/);
    const name = fc.constantFrom("example.org", "münchen.example", "a-b.c", "[::1]", "127.0.0.1");
    fc.assert(
      fc.property(part, name, fc.option(fc.stringMatching(/^[A-Za-z0-9 /@🎉]{1,20}$/u)), (user, where, session) => {
        const jid = `${user}@${where}${session === null ? "" : `/${session}`}`;
        expect(any.test(jid) && isValidJid(jid)).toBe(true);
        expect([local(jid), domain(jid), resource(jid), bare(jid)]).toEqual([
          user,
          where,
          session ?? "",
          `${user}@${where}`,
        ]);
      }),
    );
  });

  it("accept no JID that could end an attribute or a line", () => {
    fc.assert(
      fc.property(fc.oneof(text, spiky), (jid) => {
        fc.pre(any.test(jid));
        expect(jid).not.toMatch(/\p{Cc}/u);
        const found = parsed(xml("message", { to: jid }).toString());
        expect(found.map((stanza) => stanza.attrs.to)).toEqual([jid]);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    "@",
    "a@",
    "@example.org",
    "a b@example.org",
    "a@b@c",
    "a@example.org/",
    "a\n@example.org",
    "a@exa mple.org",
    'a"@example.org',
    "a@example.org\u0000",
  ])("refuse %j", (jid) => expect(any.test(jid)).toBe(false));

  it.each([
    "a@-example.org",
    "a@ex..ample.org",
    "a@.",
    `a@${"a".repeat(64)}.org`,
    `${"ä".repeat(512)}@example.org`,
    "a@[::zz]",
  ])("leave %j to isValidJid, which refuses it", (jid) => expect(isValidJid(jid)).toBe(false));

  it("require a local part and no resource of accounts and rooms", () => {
    const account = new RegExp(BARE_JID, "u");
    expect(["a@b.c", "b.c", "a@b.c/d"].map((jid) => account.test(jid))).toEqual([true, false, false]);
  });
});
