import { randomUUID } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { EXIT, SendmailError } from "./exit-codes.ts";

/** A mail as it is handed to the gateway. */
export interface OutgoingMail {
  readonly from: string;
  readonly to: readonly string[];
  /** With CR LF, and with From, Date and Message-ID. */
  readonly bytes: Buffer;
}

export interface SendmailSource {
  readonly input: Buffer;
  readonly fromFields: boolean;
  readonly ignoresDots: boolean;
  readonly sender: string | undefined;
  readonly senderName: string | undefined;
  readonly recipients: readonly string[];
}

/**
 * Completes a mail as sendmail does. Line ends, From, Date and Message-ID where they are missing, and no Bcc. The
 * Message-ID makes sending again harmless. Throws `SendmailError` when nobody is to get it.
 */
export function outgoingMail(source: SendmailSource): OutgoingMail {
  const text = withCrLf(source.input, source.ignoresDots);
  const end = text.startsWith("\r\n") ? 0 : text.indexOf("\r\n\r\n");
  const isHeadless = end === -1 || !/^[!-9;-~]+:/.test(text);
  const head = isHeadless ? "" : text.slice(0, end === 0 ? 0 : end + 2);
  const body = isHeadless ? text : text.slice(head.length + 2);
  const fields = head.split(/\r\n(?![ \t])/).filter((field) => field !== "");
  const to = recipientsOf(source, fields);
  if (to.length === 0) throw new SendmailError(EXIT.usage, "no recipient: name one, or use -t with To, Cc or Bcc");
  const author = addressesIn(valuesOf(fields, "from"))[0] ?? `${userInfo().username}@${hostname()}`;
  // Empty for a mail whose sender wants no report: then somebody else must be its author.
  const from = source.sender ?? author;
  const kept = fields.filter((field) => !/^(bcc|return-path):/i.test(field));
  const missing = [
    ...(has(fields, "from") ? [] : [`From: ${named(source.senderName, from || author)}`]),
    ...(has(fields, "date") ? [] : [`Date: ${new Date().toUTCString().replace("GMT", "+0000")}`]),
    ...(has(fields, "message-id")
      ? []
      : [`Message-ID: <${randomUUID()}@${hostname().replaceAll(/[^A-Za-z0-9.-]/g, "") || "localhost"}>`]),
  ];
  const whole = `${[...missing, ...kept].join("\r\n")}\r\n\r\n${body}`;
  return { from, to, bytes: Buffer.from(whole, "latin1") };
}

/** Bytes as latin1 text, so that nothing is changed but line ends. Without `-i` a single dot ends the mail. */
function withCrLf(input: Buffer, ignoresDots: boolean): string {
  const lines = input.toString("latin1").split(/\r\n|\n|\r/);
  const dot = ignoresDots ? -1 : lines.indexOf(".");
  const kept = dot === -1 ? lines : [...lines.slice(0, dot), ""];
  const text = kept.join("\r\n");
  return text.endsWith("\r\n") ? text : `${text}\r\n`;
}

function recipientsOf({ recipients, fromFields }: SendmailSource, fields: readonly string[]): readonly string[] {
  const given = recipients.flatMap((word) => addressesIn([word]));
  const found = fromFields ? ["to", "cc", "bcc"].flatMap((name) => addressesIn(valuesOf(fields, name))) : [];
  return [...new Set([...given, ...found])];
}

function has(fields: readonly string[], name: string): boolean {
  return valuesOf(fields, name).length > 0;
}

function valuesOf(fields: readonly string[], name: string): readonly string[] {
  return fields
    .filter((field) => field.toLowerCase().startsWith(`${name}:`))
    .map((field) => field.slice(name.length + 1).replaceAll(/\r\n[ \t]+/g, " "));
}

/** The addresses of field values (RFC 5322): quoted names and comments may hold commas. */
function addressesIn(values: readonly string[]): readonly string[] {
  return values.flatMap((value) => {
    const bare = value
      .replaceAll(/"(?:[^"\\]|\\.){0,998}"/g, (quoted, at: number) => (value[at + quoted.length] === "@" ? quoted : ""))
      .replaceAll(/\([^()]{0,998}\)/g, "");
    return bare
      .split(/[,;]/)
      .map((part) => (/<([^<>]*)>/.exec(part)?.[1] ?? part.replace(/^[^:]*:/, "")).trim())
      .filter((address) => /^[^\s<>]+$/.test(address));
  });
}

function named(name: string | undefined, address: string): string {
  return name === undefined ? address : `"${name.replaceAll(/["\\\r\n]/g, "")}" <${address}>`;
}
