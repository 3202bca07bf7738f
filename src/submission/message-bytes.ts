import { SmtpRefusal } from "./smtp-refusal.ts";

/** Largest mail in bytes. As JSON with base64 it stays below the limit of a posted body. */
export const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const MAX_HOPS = 30;

/**
 * Reads a whole mail. Refuses bare CR and LF, which other servers take for the end of a mail or a line (SMTP smuggling), and mail
 * that went round in circles. Reads to the end in any case, since the reply comes after it. Throws `SmtpRefusal`.
 */
export async function messageBytes(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of stream) {
    size += part.length;
    if (size <= MAX_MESSAGE_BYTES) parts.push(part);
    else parts.length = 0;
  }
  if (size > MAX_MESSAGE_BYTES) throw new SmtpRefusal(552, "5.3.4 A mail may have up to 10 MiB");
  const whole = Buffer.concat(parts);
  if (hasBareLineEnd(whole))
    throw new SmtpRefusal(550, "5.6.0 Lines must end with CR LF; a bare CR or LF is not taken");
  if (hopsOf(whole) > MAX_HOPS) throw new SmtpRefusal(554, "5.4.6 Too many hops: the mail goes round in circles");
  return whole;
}

function hasBareLineEnd(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) if (bytes[at - 1] !== CR) return true;
  for (let at = bytes.indexOf(CR); at !== -1; at = bytes.indexOf(CR, at + 1)) if (bytes[at + 1] !== LF) return true;
  return false;
}

function hopsOf(bytes: Buffer): number {
  const end = bytes.indexOf("\r\n\r\n");
  const head = bytes.toString("latin1", 0, end === -1 ? bytes.length : end);
  return head.match(/^received:/gim)?.length ?? 0;
}
