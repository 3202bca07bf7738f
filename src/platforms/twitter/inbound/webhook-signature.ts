import { createHmac, timingSafeEqual } from "node:crypto";

const signatureOf = (bytes: string | Uint8Array, secret: string): Buffer =>
  createHmac("sha256", secret).update(bytes).digest();

/**
 * Returns the answer to X's challenge (`GET …?crc_token=…`). X sends the challenge at the registration and every hour. `secret` is the
 * app's API key secret. X accepts answers within 10 s.
 */
export function crcAnswer(secret: string, token: string): { readonly response_token: string } {
  return { response_token: `sha256=${signatureOf(token, secret).toString("base64")}` };
}

/**
 * Verifies that X signed a webhook request, in constant time. `header` is `x-twitter-webhooks-signature`, a signature of the
 * raw bytes.
 */
export function verifySignature(raw: Uint8Array, header: string | undefined, secret: string): boolean {
  const signature = Buffer.from(/^sha256=([A-Za-z0-9+/]{43}=)$/.exec(header ?? "")?.[1] ?? "", "base64");
  const expected = signatureOf(raw, secret);
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}
