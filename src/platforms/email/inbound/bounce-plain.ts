import type { Bounced } from "./bounce.ts";
import { field, type Part } from "./bounce-parts.ts";
import { cleaned } from "./mail-text.ts";

const ADDRESS = /^[^\s@<>"\p{C}]{1,64}@[^\s@<>"\p{C}]{1,253}$/u;
const MOST_RECIPIENTS = 100;

/** The recipients that came back in a bounce without a machine's part: Exim names them in its head, qmail in its text. */
export function plainBounce({ head, body }: Part): readonly Bounced[] {
  const exim = field(head, "x-failed-recipients");
  if (exim !== "")
    return exim
      .split(",")
      .slice(0, MOST_RECIPIENTS)
      .flatMap((address) => failed(address.trim(), ""));
  if (!/^\s{0,9}Hi\. This is the qmail-send program at /.test(body)) return [];
  const [told = ""] = body.split(/^--- Below this line is a copy of the message\./m, 1);
  return told
    .split(/\r?\n\r?\n/)
    .slice(0, MOST_RECIPIENTS)
    .flatMap((paragraph) => {
      const [, address = "", words = ""] = /^<([^<>\s]{3,320})>:\r?\n([\s\S]*)$/.exec(paragraph) ?? [];
      return failed(address, words);
    });
}

function failed(address: string, words: string): readonly Bounced[] {
  if (!ADDRESS.test(address)) return [];
  const status = /(?:^|[\s#(])(5\.\d{1,3}\.\d{1,3})(?![\d.])/.exec(words.slice(0, 2_000))?.[1] ?? "5.0.0";
  return [{ address, action: "failed", status, detail: cleaned(words, 300) }];
}
