import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH = 12;
/** 62^43 is the first power that holds 32 bytes. */
const SECRET_LENGTH = 43;
/** 62^6 is the first power that holds 32 bits. */
const SUM_LENGTH = 6;
const FORM = new RegExp(
  `^dgm_([0-9A-Za-z]{${ID_LENGTH}})_([0-9A-Za-z]{${SECRET_LENGTH}})_([0-9A-Za-z]{${SUM_LENGTH}})$`,
);
const ID_FORM = new RegExp(`^[0-9A-Za-z]{${ID_LENGTH}}$`);

/** An API key as it is handed out once: `dgm_<id>_<32 random bytes, base62>_<checksum>`. */
export interface ApiKey {
  readonly id: string;
  /** The whole key as printed. A secret. */
  readonly text: string;
}

/** A number of base62 digits that no one can guess; ids of apps and keys hold no colon or other separator. */
export function randomId(length: number = ID_LENGTH): string {
  return base62(BigInt(`0x${randomBytes(length).toString("hex")}`), length);
}

/** Makes a key; its id is for looking it up, its checksum lets a typo be told without asking Redis. */
export function newApiKey(): ApiKey {
  const id = randomId();
  const body = `dgm_${id}_${base62(BigInt(`0x${randomBytes(32).toString("hex")}`), SECRET_LENGTH)}`;
  return { id, text: `${body}_${checksum(body)}` };
}

/** Reads a presented key: `mistyped` when only its checksum is wrong, undefined when it is no key at all. */
export function parseApiKey(text: string): ApiKey | "mistyped" | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const body = text.slice(0, -(SUM_LENGTH + 1));
  return checksum(body) === match[3] ? { id: match[1] as string, text } : "mistyped";
}

/** True for what can be a key's id; anything else never reaches a key name of Redis. */
export function isKeyId(text: unknown): text is string {
  return typeof text === "string" && ID_FORM.test(text);
}

/** What is stored of a key: SHA-256 is enough, since 256 random bits can't be guessed from it. */
export function hashApiKey(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Compares a presented key with a stored hash in constant time. */
export function matchesHash(text: string, hash: string): boolean {
  const stored = Buffer.from(hash, "hex");
  const given = createHash("sha256").update(text).digest();
  return stored.length === given.length && timingSafeEqual(stored, given);
}

/** The 32 bytes an app signs listener tokens with; in PHP: `hash_hmac('sha256', 'listener', $key, true)`. */
export function deriveListenerKey(text: string): Buffer {
  return createHmac("sha256", text).update("listener").digest();
}

function checksum(body: string): string {
  return base62(BigInt(crc32(body)), SUM_LENGTH);
}

/** The last `length` digits of a number, filled up with zeros. */
function base62(value: bigint, length: number): string {
  let digits = "";
  for (let rest = value; digits.length < length; rest /= 62n) digits = DIGITS[Number(rest % 62n)] + digits;
  return digits;
}
