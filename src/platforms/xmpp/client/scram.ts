import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { Failure } from "../../../model/failure.ts";

const derive = promisify(pbkdf2);

/** A login as @xmpp/client hands it to a mechanism. */
interface Login {
  readonly username?: string | null;
  readonly password?: string | null;
}
/** Authentication driven by `saslmechanisms`: `response`, then a `challenge` and another `response`. */
export interface Mechanism {
  readonly name: string;
  readonly clientFirst: true;
  readonly response: (login: Login) => Promise<string>;
  readonly challenge: (text: string) => void;
}

/** Upper limit of PBKDF2 iterations: a hostile server must not burn processor time. */
const MAX_ITERATIONS = 1_000_000;

/**
 * Creates a SCRAM mechanism (RFC 5802, RFC 7677) on Node's PBKDF2, off the event loop. The library's own derives a key in
 * 4,096 steps of WebCrypto, a third of a second of processor time for each login, and lacks SHA-256.
 */
export function scram(name: "SCRAM-SHA-1" | "SCRAM-SHA-256", nonce = randomBytes(18).toString("base64")): Mechanism {
  const digest = name === "SCRAM-SHA-1" ? "sha1" : "sha256";
  const length = name === "SCRAM-SHA-1" ? 20 : 32;
  const hmac = (key: Buffer, text: string | Buffer) => createHmac(digest, key).update(text).digest();
  let clientFirst = "";
  let serverFirst = "";
  let isProven = false;

  async function proof(password: string): Promise<string> {
    const fields = new Map(serverFirst.split(",").map((field) => [field.slice(0, 1), field.slice(2)] as const));
    const [combined = "", salt = "", count = ""] = ["r", "s", "i"].map((field) => fields.get(field));
    const iterations = /^\d{1,7}$/.test(count) ? Number(count) : 0;
    const isValid = combined.startsWith(nonce) && combined.length > nonce.length && salt !== "";
    if (!isValid || iterations < 1 || iterations > MAX_ITERATIONS) throw invalidChallenge();
    const salted = await derive(password.normalize("NFKC"), Buffer.from(salt, "base64"), iterations, length, digest);
    const clientKey = hmac(salted, "Client Key");
    const withoutProof = `c=biws,r=${combined}`;
    const storedKey = createHash(digest).update(clientKey).digest();
    const signature = hmac(storedKey, `${clientFirst},${serverFirst},${withoutProof}`);
    const proven = clientKey.map((byte, index) => byte ^ (signature[index] as number));
    return `${withoutProof},p=${Buffer.from(proven).toString("base64")}`;
  }

  return {
    name,
    clientFirst: true,
    async response({ username, password }) {
      if (isProven) return "";
      if (serverFirst !== "") {
        isProven = true;
        return proof(password ?? "");
      }
      clientFirst = `n=${(username ?? "").replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
      return `n,,${clientFirst}`;
    },
    challenge(text) {
      // A challenge after the proof is the server's signature; the library hides the same in `success` from mechanisms.
      if (!isProven) serverFirst = text;
    },
  };
}

/** Entries for the library's list of mechanisms, before its own. The library makes each by `new`. */
export const SCRAM = (["SCRAM-SHA-256", "SCRAM-SHA-1"] as const).map((name) => ({
  name,
  mech: function newMechanism() {
    return scram(name);
  },
}));

function invalidChallenge(): Failure {
  const detail = "The XMPP server's challenge (SCRAM) is invalid.";
  return new Failure({ kind: "retryable", code: "platform-protocol-error", detail });
}
