import iconv from "iconv-lite";

/** Decoders of charsets in seven bits that neither iconv-lite nor TextDecoder has, by their labels. */
const DECODERS: ReadonlyArray<{ readonly labels: RegExp; readonly decode: (text: string) => string }> = [
  { labels: /^iso-2022-kr$/, decode: decodeIso2022Kr },
  { labels: /^hz(-gb-2312)?$/, decode: decodeHz },
];

/** Decodes ISO-2022-KR (RFC 1557) and HZ (RFC 1843); undefined for other labels. */
export function decodeSevenBit(bytes: Buffer, label: string): string | undefined {
  return DECODERS.find(({ labels }) => labels.test(label))?.decode(bytes.toString("latin1"));
}

/** Decodes text in which SO and SI enclose KS C 5601 characters. */
function decodeIso2022Kr(text: string): string {
  const lines = text.replaceAll("\u001b$)C", "").split("\n");
  return lines.map((line) => line.split("\u000e").map(shiftedIn).join("")).join("\n");
}

/** Decodes a run that follows SO: the characters up to SI. The first run of a line follows none. */
function shiftedIn(run: string, index: number): string {
  if (index === 0) return run;
  const [shifted = "", ...unshifted] = run.split("\u000f");
  return withHighBits(shifted, "cp949") + unshifted.join("");
}

/** Decodes text in which `~{` and `~}` enclose GB 2312 characters. */
function decodeHz(text: string): string {
  return text
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
