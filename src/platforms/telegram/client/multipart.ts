import { randomBytes } from "node:crypto";
import type { Blob } from "../../../platform/platform.ts";

/** Body of a request with its media type. */
export interface EncodedBody {
  readonly contentType: string;
  readonly body: string | Buffer;
}

/** Encodes parameters as JSON, or as multipart/form-data (RFC 7578) where files go along. */
export function multipart(
  parameters: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, Blob>>,
): EncodedBody {
  const entries = Object.entries(parameters).filter(([, value]) => value !== undefined);
  if (Object.keys(files).length === 0)
    return { contentType: "application/json", body: JSON.stringify(Object.fromEntries(entries)) };
  const boundary = `dragoman-${randomBytes(18).toString("hex")}`;
  const chunks: Buffer[] = [];
  const head = (disposition: string, type?: string) =>
    chunks.push(
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n${type ? `Content-Type: ${type}\r\n` : ""}\r\n`,
      ),
    );
  for (const [name, value] of entries) {
    head(`name="${quoted(name)}"`);
    chunks.push(Buffer.from(`${typeof value === "string" ? value : JSON.stringify(value)}\r\n`));
  }
  for (const [name, { name: fileName, mediaType, content }] of Object.entries(files)) {
    head(`name="${quoted(name)}"; filename="${quoted(fileName)}"`, mediaType ?? "application/octet-stream");
    chunks.push(content, Buffer.from("\r\n"));
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`));
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: Buffer.concat(chunks) };
}

/** Escapes a quoted value as browsers do (WHATWG HTML, multipart/form-data encoding). */
function quoted(value: string): string {
  return value.replaceAll('"', "%22").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
