import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH = 12;
/** 62^43 is the first power that holds 32 bytes. */
const SECRET_LENGTH = 43;
/** 62^6 is the first power that holds 32 bits. */
const CHECKSUM_LENGTH = 6;
const FORM = new RegExp(
  `^dgm_([0-9A-Za-z]{${ID_LENGTH}})_([0-9A-Za-z]{${SECRET_LENGTH}})_([0-9A-Za-z]{${CHECKSUM_LENGTH}})$`,
);
const ID_FORM = new RegExp(`^[0-9A-Za-z]{${ID_LENGTH}}$`);

/** An API key as printed once: `dgm_<id>_<32 random bytes, base62>_<checksum>`. */
export interface ApiKey {
  readonly id: string;
  /** The whole key: a secret. */
  readonly text: string;
}

/** Returns unguessable base62 digits. So ids of apps and keys contain no separator such as a colon. */
export function randomId(length: number = ID_LENGTH): string {
  return base62(BigInt(`0x${randomBytes(length).toString("hex")}`), length);
}

/** Makes a key. The id is for the look-up; the checksum detects typing errors without asking Redis. */
export function newApiKey(): ApiKey {
  const id = randomId();
  const body = `dgm_${id}_${base62(BigInt(`0x${randomBytes(32).toString("hex")}`), SECRET_LENGTH)}`;
  return { id, text: `${body}_${checksum(body)}` };
}

/** Parses a presented key; `mistyped` for a wrong checksum, undefined for any other text. */
export function parseApiKey(text: string): ApiKey | "mistyped" | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const body = text.slice(0, -(CHECKSUM_LENGTH + 1));
  return checksum(body) === match[3] ? { id: match[1] as string, text } : "mistyped";
}

/** Returns true for the form of a key's id. Other text never becomes part of a Redis key. */
export function isKeyId(text: unknown): text is string {
  return typeof text === "string" && ID_FORM.test(text);
}

/** Returns the stored hash of a key; SHA-256 is enough for 256 random bits. */
export function hashApiKey(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Compares a presented key with a stored hash in constant time. */
export function matchesHash(text: string, hash: string): boolean {
  const stored = Buffer.from(hash, "hex");
  const presented = createHash("sha256").update(text).digest();
  return stored.length === presented.length && timingSafeEqual(stored, presented);
}

/** Derives the 32 bytes that sign listener tokens; in PHP: `hash_hmac('sha256', 'listener', $key, true)`. */
export function deriveListenerKey(text: string): Buffer {
  return createHmac("sha256", text).update("listener").digest();
}

function checksum(body: string): string {
  return base62(BigInt(crc32(body)), CHECKSUM_LENGTH);
}

/** Returns the last `length` digits of a number, padded with zeros. */
function base62(value: bigint, length: number): string {
  let digits = "";
  for (let rest = value; digits.length < length; rest /= 62n) digits = DIGITS[Number(rest % 62n)] + digits;
  return digits;
}
