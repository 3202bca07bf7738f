import fc from "fast-check";
import { expect, test } from "vitest";
import {
  deriveListenerKey,
  hashApiKey,
  isKeyId,
  matchesHash,
  newApiKey,
  parseApiKey,
  randomId,
} from "../../../src/apps/api-key.ts";

test("a key has its documented form and parses back", () => {
  const apiKeys = Array.from({ length: 200 }, newApiKey);
  for (const key of apiKeys) {
    expect(key.text).toMatch(/^dgm_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
    expect(parseApiKey(key.text)).toEqual(key);
  }
  expect(new Set(apiKeys.map(({ id }) => id)).size).toBe(200);
});

test("any single wrong character is detected as a typing error", () => {
  const { text } = newApiKey();
  const index = fc.integer({ min: 4, max: text.length - 1 }).filter((i) => text[i] !== "_");
  const digit = fc.constantFrom(..."0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
  fc.assert(
    fc.property(index, digit, (i, other) => {
      fc.pre(text[i] !== other);
      expect(parseApiKey(text.slice(0, i) + other + text.slice(i + 1))).toBe("mistyped");
    }),
  );
});

test("text that only resembles a key is rejected", () => {
  const { text } = newApiKey();
  for (const other of [
    "",
    "dgm_",
    `${text} `,
    ` ${text}`,
    `${text}\n`,
    text.toUpperCase(),
    text.replace("dgm", "dgn"),
  ]) {
    expect(parseApiKey(other)).toBeUndefined();
  }
  fc.assert(fc.property(fc.string(), (other) => parseApiKey(other) === undefined));
});

test("only well-formed key ids are accepted", () => {
  expect(isKeyId(randomId())).toBe(true);
  for (const id of ["", "../../etc/pass", "a:b", "{dgm}:apps", "0123456789ABC", "0123456789A\n", 12, null]) {
    expect(isKeyId(id)).toBe(false);
  }
});

test("a hash matches its own key only, and a damaged hash matches none", () => {
  const [first, second] = [newApiKey().text, newApiKey().text];
  expect(matchesHash(first, hashApiKey(first))).toBe(true);
  expect(matchesHash(second, hashApiKey(first))).toBe(false);
  expect(matchesHash(first, "")).toBe(false);
});

test("the listener key equals PHP's hash_hmac of the printed key", () => {
  const key = "dgm_0123456789AB_0000000000000000000000000000000000000000000_000000";
  // printf listener | openssl dgst -sha256 -hmac "$key"; PHP's hash_hmac('sha256', 'listener', $key) prints the same.
  expect(deriveListenerKey(key).toString("hex")).toBe(
    "2ecd953a1e6b827b3823699c36fdf7c5cb41e707997056dfbfbd7b4091cd23e7",
  );
});
