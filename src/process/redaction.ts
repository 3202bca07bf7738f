/** Blanks secrets in log lines that are about to leave the process: by value where known, by form elsewhere. */
export interface Redaction {
  /** From now on this value is blanked, also in its URL and base64 forms. Values under 6 characters are not kept. */
  readonly hide: (secret: string) => void;
  /** Takes and gives one JSON line. */
  readonly apply: (line: string) => string;
}

/** Values remembered at most; the oldest is dropped. */
const MOST = 2_000;
const SHORTEST = 6;
const BLANK = "[secret]";

/** API keys, JSON web tokens, bearer headers, logins in URLs, and tickets or tokens in query strings. */
const FORMS: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bdgm_[A-Za-z0-9_-]{8,}/g, BLANK],
  [/\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*/g, BLANK],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${BLANK}`],
  [/([?&](?:ticket|token|access_token|code|key|secret|password)=)[^&\s"\\]+/gi, `$1${BLANK}`],
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^:@/\s"]*:)[^@/\s"]+@/gi, `$1${BLANK}@`],
];
/** What a terminal or a log viewer might act on; JSON itself escapes only the first 32. */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Makes an empty redaction. */
export function redaction(): Redaction {
  const values = new Set<string>();
  const add = (value: string): void => {
    if (value.length < SHORTEST) return;
    values.delete(value);
    values.add(value);
    if (values.size > MOST) values.delete(values.values().next().value as string);
  };
  const clean = (text: string): string => {
    let cleaner = text;
    for (const value of values) if (cleaner.includes(value)) cleaner = cleaner.replaceAll(value, BLANK);
    for (const [form, blank] of FORMS) cleaner = cleaner.replace(form, blank);
    return cleaner;
  };
  return {
    hide: (secret) => {
      add(secret);
      add(encodeURIComponent(secret));
      add(Buffer.from(secret).toString("base64").replace(/=+$/, ""));
    },
    // In the JSON text itself an escape may stand in a secret's way: `\n` before it, `\"` within it.
    apply: (line) => `${escapeUnsafe(JSON.stringify(cleanDeep(JSON.parse(line), clean)))}\n`,
  };
}

function cleanDeep(value: unknown, clean: (text: string) => string): unknown {
  if (typeof value === "string") return clean(value);
  if (Array.isArray(value)) return value.map((item) => cleanDeep(item, clean));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [clean(name), cleanDeep(item, clean)]));
}

function escapeUnsafe(json: string): string {
  return json.replace(UNSAFE, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
