/** A server's refusal in its parts. */
export interface Reply {
  readonly code: number;
  /** The enhanced status code (RFC 3463), or "". */
  readonly status: string;
  /** Code and text of all lines as one, without control characters. */
  readonly words: string;
}

/**
 * Reads an SMTP reply (RFC 5321 section 4.2) that refuses; undefined for anything else. `blot` takes secrets out of the
 * words, of which 300 characters are kept.
 */
export function replyOf(response: unknown, blot: (text: string) => string): Reply | undefined {
  if (typeof response !== "string") return undefined;
  const first = /^([45]\d\d)(?:[ -]|$)/.exec(response);
  if (!first) return undefined;
  const lines = response.split(/\r?\n/).map((line) => line.replace(/^\d{3}[ -]?/, ""));
  const status = /^([45]\.\d{1,3}\.\d{1,3})\b/.exec(lines[0] ?? "")?.[1] ?? "";
  const text = lines.map((line, at) =>
    at > 0 && status !== "" && line.startsWith(status) ? line.slice(status.length) : line,
  );
  const printable = blot(text.join(" ")).replace(/[^\x20-\x7e\u00a1-\uffff]+/g, " ");
  const words = blot(`${first[1]} ${printable}`.replace(/ {2,}/g, " ").trim()).slice(0, 300);
  return { code: Number(first[1]), status, words };
}
