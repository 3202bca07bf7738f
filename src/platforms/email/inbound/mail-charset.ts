import iconv from "iconv-lite";

/** Labels that name no charset, or that senders use for anything. */
const UNSPECIFIC =
  /^(|us-?ascii|ascii|ansi_x3\.4-19\d\d|binary|8bit|7bit|unknown(-8bit)?|x-unknown|default|none|utf-?8)$/;
/** Labels and the encodings that contain theirs; browsers decode the same way (WHATWG Encoding). */
const SUPERSETS: Readonly<Record<string, string>> = {
  "iso-8859-1": "windows-1252",
  "iso8859-1": "windows-1252",
  latin1: "windows-1252",
  "iso-8859-9": "windows-1254",
  "iso-8859-11": "windows-874",
  "tis-620": "windows-874",
  gb2312: "gb18030",
  gbk: "gb18030",
  "x-gbk": "gb18030",
  "ks_c_5601-1987": "cp949",
  "euc-kr": "cp949",
  shift_jis: "cp932",
  "x-sjis": "cp932",
  "x-mac-roman": "macintosh",
  "unicode-1-1-utf-7": "utf-7",
};

/**
 * Decodes text of any charset that mail uses. iconv-lite comes first, since Node's own TextDecoder reads windows-1252 as
 * Latin-1. Text without a usable label is read as UTF-8 where the bytes fit, else as windows-1252. Never throws.
 */
export function decodeMailText(bytes: Buffer, label = ""): string {
  const name = label
    .trim()
    .replace(/^["']|["']$/g, "")
    .toLowerCase();
  if (UNSPECIFIC.test(name)) return guess(bytes);
  if (/^iso-2022-kr$/.test(name)) return decodeIso2022Kr(bytes);
  if (/^hz(-gb-2312)?$/.test(name)) return decodeHz(bytes);
  if (/^(utf-?16|ucs-?2|utf-?32|iso-10646-ucs)/.test(name) && !bytes.includes(0)) return guess(bytes);
  const encoding = SUPERSETS[name] ?? name;
  if (iconv.encodingExists(encoding)) return iconv.decode(bytes, encoding);
  try {
    return new TextDecoder(encoding).decode(bytes);
  } catch {
    // An unknown label.
    return guess(bytes);
  }
}

/** Tells whether bytes are UTF-8; with `isCut` the last character may be incomplete. */
function isUtf8(bytes: Buffer, isCut: boolean): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: isCut });
    return true;
  } catch {
    return false;
  }
}

function guess(bytes: Buffer): string {
  if (bytes.length >= 2 && (bytes.readUInt16BE(0) === 0xfeff || bytes.readUInt16BE(0) === 0xfffe)) {
    return iconv.decode(bytes, "utf-16");
  }
  // ESC $ begins Japanese text (ISO-2022-JP), which is ASCII by its bytes.
  if (bytes.includes("\u001b$", 0, "latin1")) return new TextDecoder("iso-2022-jp").decode(bytes);
  // Text with some good multi-byte characters is damaged UTF-8, not windows-1252.
  const latin1 = bytes.toString("latin1");
  const isCutText = /[\u00c2-\u00f4][\u0080-\u00bf]/.test(latin1) && isUtf8(bytes, true);
  const isUnicode = isUtf8(bytes, false) || isCutText || /[\u00e0-\u00f4][\u0080-\u00bf]{2}/.test(latin1);
  return iconv.decode(bytes, isUnicode ? "utf-8" : "windows-1252");
}

/** Decodes ISO-2022-KR (RFC 1557): SO and SI enclose KS C 5601 characters in seven bits. */
function decodeIso2022Kr(bytes: Buffer): string {
  const lines = bytes.toString("latin1").replaceAll("\u001b$)C", "").split("\n");
  return lines.map((line) => line.split("\u000e").map(shiftedIn).join("")).join("\n");
}

/** Decodes a run that follows SO: the characters up to SI. The first run of a line follows none. */
function shiftedIn(run: string, index: number): string {
  if (index === 0) return run;
  const [shifted = "", ...plain] = run.split("\u000f");
  return withHighBits(shifted, "cp949") + plain.join("");
}

/** Decodes HZ (RFC 1843): `~{` and `~}` enclose GB 2312 characters in seven bits. */
function decodeHz(bytes: Buffer): string {
  return bytes
    .toString("latin1")
    .replaceAll("~\n", "")
    .split(/(~\{.*?(?:~\}|$))/m)
    .map((run) =>
      run.startsWith("~{") ? withHighBits(run.replace(/^~\{|~\}$/g, ""), "gb18030") : run.replaceAll("~~", "~"),
    )
    .join("");
}

function withHighBits(sevenBits: string, encoding: string): string {
  return iconv.decode(Buffer.from(sevenBits, "latin1").map((byte) => byte | 0x80) as Buffer, encoding);
}
