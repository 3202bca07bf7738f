import fc from "fast-check";
import iconv from "iconv-lite";

/** Part of a mail as raw bytes, a character for each byte. Header fields, an empty line, and the body. */
type RawPart = string;

const WORDS = fc.constantFrom("plain words", "Grüße, 5 € – “now”", "日本語のメール", "", " .dot\r\n..dots\r\nend");
const CHARSETS = fc.constantFrom("utf-8", "UTF-8", "windows-1252", "iso-8859-1", "");
const NAMES = fc.constantFrom(
  "",
  'filename="plan.pdf"',
  "filename*=utf-8''Gr%C3%BC%C3%9Fe.txt",
  'filename="=?utf-8?Q?Gr=C3=BC=C3=9Fe?=.txt"',
  'filename*0="a long "; filename*1="name.txt"',
);
const DISPOSITIONS = fc.constantFrom("", "inline", "attachment");

/** Bytes of a text in a charset, a character for each byte. */
function bytesIn(text: string, charset: string): string {
  return iconv.encode(text, charset === "" ? "utf-8" : charset).toString("latin1");
}

function encoded(bytes: string, encoding: string): string {
  if (encoding === "base64") return Buffer.from(bytes, "latin1").toString("base64").replace(/.{76}/g, "$&\r\n");
  if (encoding !== "quoted-printable") return bytes;
  return bytes.replace(
    /[^\t\r\n -<>-~]/g,
    (byte) => `=${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

const textPart: fc.Arbitrary<RawPart> = fc
  .record({
    text: WORDS,
    charset: CHARSETS,
    type: fc.constantFrom("text/plain", "text/html", "text/calendar", "text", ""),
    encoding: fc.constantFrom("", "8bit", "quoted-printable", "base64"),
    disposition: DISPOSITIONS,
    name: NAMES,
  })
  .map(({ text, charset, type, encoding, disposition, name }) => {
    const words = type === "text/html" ? `<p>${text}</p>` : text;
    const method = type === "text/calendar" ? "; method=REQUEST" : "";
    const label = charset === "" ? "" : `; charset=${charset}`;
    return part(
      [
        type === "" ? "" : `Content-Type: ${type}${method}${label}`,
        encoding === "" ? "" : `Content-Transfer-Encoding: ${encoding}`,
        disposition === ""
          ? ""
          : `Content-Disposition: ${[disposition, name].filter((piece) => piece !== "").join("; ")}`,
      ],
      encoded(bytesIn(words, type === "" ? "" : charset), encoding),
    );
  });

const filePart: fc.Arbitrary<RawPart> = fc
  .record({ name: NAMES, disposition: DISPOSITIONS, hasId: fc.boolean(), size: fc.integer({ min: 0, max: 300 }) })
  .map(({ name, disposition, hasId, size }) =>
    part(
      [
        `Content-Type: image/png${name === "" ? "" : "; name=pic.png"}`,
        "Content-Transfer-Encoding: base64",
        disposition === ""
          ? ""
          : `Content-Disposition: ${[disposition, name].filter((piece) => piece !== "").join("; ")}`,
        hasId ? "Content-ID: <pic@example.test>" : "",
      ],
      encoded("\x07".repeat(size), "base64"),
    ),
  );

const forwarded: fc.Arbitrary<RawPart> = fc
  .record({ disposition: DISPOSITIONS, inner: textPart })
  .map(({ disposition, inner }) =>
    part(
      [
        "Content-Type: message/rfc822",
        disposition === "" ? "" : `Content-Disposition: ${disposition}; filename=fwd.eml`,
      ],
      `From: ann@example.test\r\nSubject: inner\r\nMIME-Version: 1.0\r\n${inner}`,
    ),
  );

function part(fields: readonly string[], body: string): RawPart {
  return `${fields
    .filter((field) => field !== "")
    .map((field) => `${field}\r\n`)
    .join("")}\r\n${body}`;
}

/** A multipart of the parts. */
function multipart(subtype: string, parts: readonly RawPart[], boundary: string): RawPart {
  const body = parts.map((raw) => `--${boundary}\r\n${raw}\r\n`).join("");
  return part([`Content-Type: multipart/${subtype}; boundary="${boundary}"`], `${body}--${boundary}--\r\n`);
}

const SUBTYPES = fc.constantFrom("mixed", "alternative", "related", "digest", "report", "x-unknown");
const nested: fc.Arbitrary<RawPart> = fc
  .tuple(SUBTYPES, fc.array(fc.oneof(textPart, filePart, forwarded), { minLength: 1, maxLength: 3 }), fc.uuid())
  .map(([subtype, parts, boundary]) => multipart(subtype, parts, boundary));

/** Parts of mails in all shapes: texts, files, forwarded mails, one multipart in another. */
export const mailParts: fc.Arbitrary<readonly RawPart[]> = fc.array(fc.oneof(textPart, filePart, forwarded, nested), {
  minLength: 1,
  maxLength: 4,
});

/** Returns a mail with the parts, and with a file of some size behind them. */
export function mailWith(parts: readonly RawPart[], subject: string, fileBytes: number): Buffer {
  const file = part(
    ["Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64", "Content-Disposition: attachment"],
    encoded("x".repeat(fileBytes), "base64"),
  );
  const head = `From: ann@example.test\r\nTo: bob@example.test\r\nSubject: ${subject}\r\nMIME-Version: 1.0\r\n`;
  return Buffer.from(head + multipart("mixed", [...parts, file], "outermost"), "latin1");
}
