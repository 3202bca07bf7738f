import { decodeHTML } from "entities";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromPlain } from "../../../../src/platform/kit/rich-text/rich-text.ts";
import { toTelegramHtml } from "../../../../src/platforms/telegram/client/rich-text.ts";
import { fromEntities } from "../../../../src/platforms/telegram/inbound/entities.ts";

const text = fc.string({ unit: fc.constantFrom(..."<>&\"' aé🎉", "&amp;", "</b>"), minLength: 1, maxLength: 20 });
const entity = fc.record({
  type: fc.oneof(
    fc.constantFrom("bold", "italic", "code", "pre", "underline", "strikethrough"),
    fc.constant("text_link"),
  ),
  offset: fc.integer({ min: -2, max: 25 }),
  length: fc.integer({ min: -2, max: 25 }),
  url: fc.oneof(fc.webUrl(), fc.constant("javascript:alert(1)")),
});

describe("a text with entities of Telegram", () => {
  it("keeps each character, whatever the entities say", () => {
    const entities = fc.oneof(fc.array(fc.oneof(entity, fc.jsonValue()), { maxLength: 8 }), fc.jsonValue());
    fc.assert(
      fc.property(
        text.filter((written) => written.trim() !== ""),
        entities,
        (written, marks) => {
          const runs = fromEntities(written, marks)?.flatMap((block) => block.runs) ?? [{ text: written }];
          expect(runs.map((run) => run.text).join("")).toBe(written);
          expect(JSON.stringify(runs)).not.toContain('"link":"javascript');
        },
      ),
    );
  });

  it("is written as HTML in which only its tags are tags", () => {
    fc.assert(
      fc.property(
        text.filter((written) => written.trim() !== ""),
        fc.array(entity, { maxLength: 4 }),
        (written, marks) => {
          const html = toTelegramHtml(fromEntities(written, marks) ?? fromPlain(written));
          const tags = /<(\/?(b|i|u|s|code|a)|a href="[^"<>]*")>/g;
          expect(html.replace(tags, "")).not.toMatch(/[<>]/);
          expect(decodeHTML(html.replace(tags, ""))).toBe(written);
        },
      ),
    );
  });
});
