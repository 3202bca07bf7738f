import {
  fromHtml,
  fromIrc,
  fromPlain,
  fromStyling,
  PLAIN_TEXT,
  type RichText,
  toHtml,
  toIrc,
  toStyling,
} from "../../src/platform/kit/rich-text/rich-text.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { capabilitiesOf } from "../../src/platform/vocabulary/capabilities.ts";
import { toTelegramHtml } from "../../src/platforms/telegram/client/rich-text.ts";

interface Form {
  readonly write: (document: RichText) => string;
  readonly read: (text: string) => RichText;
}

/** Forms of text that the converter writes, each with its reader. */
const FORMS: Readonly<Record<string, Form>> = {
  "HTML (e-mail)": { write: toHtml, read: fromHtml },
  Telegram: { write: toTelegramHtml, read: fromHtml },
  "Message Styling (XMPP, XEP-0393)": { write: toStyling, read: fromStyling },
  "IRC formatting": { write: toIrc, read: fromIrc },
  "plain text (X, Facebook)": { write: PLAIN_TEXT.write, read: fromPlain },
};

/** Samples by feature: HTML, and the element that must be left after writing and reading. */
const FEATURES: Readonly<Record<string, readonly [html: string, element: string]>> = {
  bold: ["<p><b>x</b></p>", "<strong>"],
  italic: ["<p><i>x</i></p>", "<em>"],
  underline: ["<p><u>x</u></p>", "<u>"],
  strikethrough: ["<p><s>x</s></p>", "<s>"],
  code: ["<p><code>x</code></p>", "<code>"],
  "code block": ["<pre>x</pre>", "<pre>"],
  heading: ["<h2>x</h2>", "<h3>"],
  link: ['<p><a href="https://a.example">x</a></p>', "<a "],
  list: ["<ul><li>x</li></ul>", "<li>"],
  quote: ["<blockquote><p>x</p></blockquote>", "<blockquote>"],
};

/** Tables of docs/vocabulary.md on rich text, made by running the converter and asking the capabilities. */
export function richTextSection(platforms: readonly Platform[]): string {
  return `| form | ${Object.keys(FEATURES).join(" | ")} |
|---|${Object.keys(FEATURES)
    .map(() => ":-:|")
    .join("")}
${Object.entries(FORMS)
  .map(
    ([name, form]) =>
      `| ${name} | ${Object.values(FEATURES)
        .map((sample) => kept(form, sample))
        .join(" | ")} |`,
  )
  .join("\n")}

| platform | verb | \`body\` | \`html\` | \`markdown\` | \`html\` arrives |
|---|---|---|---|---|:-:|
${platforms.flatMap(verbRows).join("\n")}`;
}

function kept({ write, read }: Form, [html, element]: readonly [string, string]): string {
  const written = write(fromHtml(html));
  const again = toHtml(read(written));
  if (again.includes(element)) return "●";
  if (again.includes("<strong>")) return "bold";
  if (again.includes("<code>")) return "code";
  return written === "x" ? "" : `\`${written}\``;
}

/** Rows of a platform's verbs that take a text in more than one form. */
function verbRows(platform: Platform): string[] {
  const { verbs, inbound } = capabilitiesOf(platform);
  return ["send", "post", "update"].flatMap((verb) => {
    const forms = verbs[verb]?.object ?? {};
    if (!forms.body) return [];
    const cells = ["body", "html", "markdown"].map((form) => forms[form]?.as ?? (forms[form] ? "kept" : ""));
    return [
      `| \`${platform.id}\` | \`${verb}\` | ${cells.join(" | ")} | ${inbound[verb]?.includes("html") ? "●" : ""} |`,
    ];
  });
}
