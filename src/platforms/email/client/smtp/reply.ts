/** An SMTP server's refusal in parts. */
export interface Reply {
  readonly code: number;
  /** Enhanced status code (RFC 3463), or "". */
  readonly status: string;
  /** Code and text of all lines joined, without control characters. */
  readonly text: string;
}

/**
 * Reads an SMTP reply that refuses (RFC 5321 section 4.2); undefined for other values. `redact` removes secrets from the
 * text, of which 300 characters remain.
 */
export function replyOf(response: unknown, redact: (text: string) => string): Reply | undefined {
  if (typeof response !== "string") return undefined;
  const first = /^([45]\d\d)(?:[ -]|$)/.exec(response);
  if (!first) return undefined;
  const lines = response.split(/\r?\n/).map((line) => line.replace(/^\d{3}[ -]?/, ""));
  const status = /^([45]\.\d{1,3}\.\d{1,3})\b/.exec(lines[0] ?? "")?.[1] ?? "";
  const withoutStatus = lines.map((line, index) =>
    index > 0 && status !== "" && line.startsWith(status) ? line.slice(status.length) : line,
  );
  const printable = redact(withoutStatus.join(" ")).replace(/[^\x20-\x7e\u00a1-\uffff]+/g, " ");
  const text = redact(`${first[1]} ${printable}`.replace(/ {2,}/g, " ").trim()).slice(0, 300);
  return { code: Number(first[1]), status, text };
}
