import { cleanLine } from "../schemas/event-bounds.ts";
import type { BouncedRecipient } from "./bounce.ts";
import { headerField, type MimePart } from "./bounce-mime.ts";

const ADDRESS = /^[^\s@<>"\p{C}]{1,64}@[^\s@<>"\p{C}]{1,253}$/u;
const MAX_RECIPIENTS = 100;

/** Returns the recipients of a bounce without a machine-readable part. Exim lists them in the head, qmail in the text. */
export function plainBounce({ head, body }: MimePart): readonly BouncedRecipient[] {
  const exim = headerField(head, "x-failed-recipients");
  if (exim !== "")
    return exim
      .split(",")
      .slice(0, MAX_RECIPIENTS)
      .flatMap((address) => failed(address.trim(), ""));
  if (!/^\s{0,9}Hi\. This is the qmail-send program at /.test(body)) return [];
  const [report = ""] = body.split(/^--- Below this line is a copy of the message\./m, 1);
  return report
    .split(/\r?\n\r?\n/)
    .slice(0, MAX_RECIPIENTS)
    .flatMap((paragraph) => {
      const [, address = "", text = ""] = /^<([^<>\s]{3,320})>:\r?\n([\s\S]*)$/.exec(paragraph) ?? [];
      return failed(address, text);
    });
}

function failed(address: string, text: string): readonly BouncedRecipient[] {
  if (!ADDRESS.test(address)) return [];
  const status = /(?:^|[\s#(])(5\.\d{1,3}\.\d{1,3})(?![\d.])/.exec(text.slice(0, 2_000))?.[1] ?? "5.0.0";
  return [{ address, action: "failed", status, detail: cleanLine(text, 300) }];
}
