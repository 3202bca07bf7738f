import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { Failure } from "../../../model/failure.ts";

const derive = promisify(pbkdf2);

/** A login as @xmpp/client hands it to a mechanism. */
interface Login {
  readonly username?: string | null;
  readonly password?: string | null;
}
/** One authentication, as `saslmechanisms` calls it: `response`, then a `challenge` and another `response`. */
export interface Mechanism {
  readonly name: string;
  readonly clientFirst: true;
  readonly response: (login: Login) => Promise<string>;
  readonly challenge: (text: string) => void;
}

/** More would only burn our processor for whoever asks for it. */
const ITERATIONS_MOST = 1_000_000;

/**
 * SCRAM (RFC 5802, RFC 7677) on Node's own PBKDF2, off the event loop: the library's derives a key in 4,096 steps of
 * WebCrypto, a third of a second of processor time for each login, and knows no SHA-256.
 */
export function scram(name: "SCRAM-SHA-1" | "SCRAM-SHA-256", nonce = randomBytes(18).toString("base64")): Mechanism {
  const digest = name === "SCRAM-SHA-1" ? "sha1" : "sha256";
  const length = name === "SCRAM-SHA-1" ? 20 : 32;
  const hmac = (key: Buffer, text: string | Buffer) => createHmac(digest, key).update(text).digest();
  let bare = "";
  let server = "";
  let proved = false;

  async function proof(password: string): Promise<string> {
    const words = new Map(server.split(",").map((word) => [word.slice(0, 1), word.slice(2)] as const));
    const [combined = "", salt = "", rounds = ""] = ["r", "s", "i"].map((word) => words.get(word));
    const iterations = /^\d{1,7}$/.test(rounds) ? Number(rounds) : 0;
    const fits = combined.startsWith(nonce) && combined.length > nonce.length && salt !== "";
    if (!fits || iterations < 1 || iterations > ITERATIONS_MOST) throw senseless();
    const salted = await derive(password.normalize("NFKC"), Buffer.from(salt, "base64"), iterations, length, digest);
    const clientKey = hmac(salted, "Client Key");
    const last = `c=biws,r=${combined}`;
    const storedKey = createHash(digest).update(clientKey).digest();
    const signature = hmac(storedKey, `${bare},${server},${last}`);
    const proven = clientKey.map((byte, at) => byte ^ (signature[at] as number));
    return `${last},p=${Buffer.from(proven).toString("base64")}`;
  }

  return {
    name,
    clientFirst: true,
    async response({ username, password }) {
      if (proved) return "";
      if (server !== "") {
        proved = true;
        return proof(password ?? "");
      }
      bare = `n=${(username ?? "").replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
      return `n,,${bare}`;
    },
    challenge(text) {
      // What follows the proof is the server's own, which the library does not let mechanisms see in `success` either.
      if (!proved) server = text;
    },
  };
}

/** For the library's list, which makes each mechanism by `new`; in front of its own. */
export const SCRAM = (["SCRAM-SHA-256", "SCRAM-SHA-1"] as const).map((name) => ({
  name,
  mech: function made() {
    return scram(name);
  },
}));

function senseless(): Failure {
  const detail = "The XMPP server's challenge (SCRAM) makes no sense.";
  return new Failure({ kind: "retryable", code: "platform-protocol-error", detail });
}
