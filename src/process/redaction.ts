import { SecretIndex } from "./secret-index.ts";

/** Redaction of log lines: secrets by value where known, by form elsewhere. */
export interface Redaction {
  /** Blanks this value from now on, also URL, XML and base64 encoded. Values under 6 characters are not kept. */
  readonly hide: (secret: string) => void;
  /** Takes and returns one line of JSON. */
  readonly apply: (line: string) => string;
}

/** Bound of remembered values; the oldest is dropped. */
const MAX_VALUES = 20_000;
const BLANK = "[secret]";

/** Forms of secrets: API keys, JSON web tokens, bearer headers, logins in URLs, query strings. */
const FORMS: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bdg[ma]_[A-Za-z0-9_-]{8,}/g, BLANK],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${BLANK}`],
  [/([?&](?:ticket|token|access_token|code|key|secret|password)=)[^&\s"\\]+/gi, `$1${BLANK}`],
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^:@/\s"]*:)[^@/\s"]+@/gi, `$1${BLANK}@`],
];
/** Words with dots between them, such as JSON web tokens. */
const DOTTED_WORDS = /[\w.-]{17,}/g;
/** Characters on which a terminal or a log viewer might act. JSON escapes only the first 32. */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Creates a redaction without known secrets. */
export function redaction(): Redaction {
  const known = new SecretIndex(MAX_VALUES);
  const clean = (text: string): string => {
    let cleaned = known.replace(text, BLANK).replace(DOTTED_WORDS, withoutWebTokens);
    for (const [form, blank] of FORMS) cleaned = cleaned.replace(form, blank);
    return cleaned;
  };
  return {
    hide: (secret) => {
      for (const encoded of encodingsOf(secret)) known.add(encoded);
    },
    // Works on the parsed values: in JSON text an escape may stand inside a secret or before it.
    apply: (line) => `${escapeUnsafe(JSON.stringify(cleanDeep(JSON.parse(line), clean)))}\n`,
  };
}

/** Blanks JSON web tokens, whose first part is `{"` in base64. Word by word: one expression would take quadratic time. */
function withoutWebTokens(text: string): string {
  const kept: string[] = [];
  const words = text.split(".");
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const start = word.search(/\beyJ[\w-]{8}/);
    const isToken = start >= 0 && (words[index + 1]?.length ?? 0) >= 4 && words[index + 2] !== undefined;
    kept.push(isToken ? `${word.slice(0, start)}${BLANK}` : word);
    if (isToken) index += 2;
  }
  return kept.join(".");
}

/** Returns the forms in which a peer may echo a secret. */
function encodingsOf(secret: string): Set<string> {
  const xml = secret.replace(/[&<>"']/g, (sign) => `&${XML_NAMES[sign] ?? ""};`);
  return new Set([secret, encodeURIComponent(secret.toWellFormed()), xml, ...base64Of(secret)]);
}

const XML_NAMES: Readonly<Record<string, string>> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos" };

/** Returns the secret's base64 after 0, 1 and 2 other bytes, as in SASL PLAIN. */
function base64Of(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    const shared = Math.ceil((before * 4) / 3);
    const end = Math.floor(((before + bytes.length) * 8) / 6);
    return text.slice(shared, end);
  });
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
