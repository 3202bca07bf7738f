import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from "@hpke/core";

/** Seals to a public key as RFC 9180 says: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; all from WebCrypto. */
export const hpke = new CipherSuite({
  kem: new DhkemP256HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});

/** RFC 9180's `info`: binds sealed values to this use. */
export const HPKE_INFO = new TextEncoder().encode("dragoman credentials 1");
