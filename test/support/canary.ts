import { createHash, randomBytes } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Makes a secret that is found wherever it leaks to. Short, so that no compressor splits it. */
export function newCanary(): string {
  return `CNRY${[...randomBytes(12)].map((byte) => ALPHABET[byte % ALPHABET.length]).join("")}`;
}

/** Returns the forms in which a secret may stand somewhere, by name. */
export function formsOf(secret: string, user: string): ReadonlyMap<string, Buffer> {
  const base64 = (text: string, encoding: "base64" | "base64url" = "base64") => Buffer.from(text).toString(encoding);
  // Inside a longer text the first and last characters depend on the neighbours.
  const aligned = (shift: number) => base64(`${"x".repeat(shift)}${secret}`).slice(4, -4);
  const digest = (algorithm: string, encoding: "hex" | "base64") =>
    createHash(algorithm).update(secret).digest(encoding);
  const texts: Readonly<Record<string, string>> = {
    plain: secret,
    reversed: [...secret].reverse().join(""),
    base64: base64(secret).replaceAll("=", ""),
    "base64, shifted by 1": aligned(1),
    "base64, shifted by 2": aligned(2),
    "AUTH PLAIN": base64(`\0${user}\0${secret}`).replaceAll("=", ""),
    hex: Buffer.from(secret).toString("hex"),
    "SHA-1": digest("sha1", "hex"),
    "SHA-1, base64": digest("sha1", "base64"),
    "SHA-256": digest("sha256", "hex"),
    "SHA-256, base64": digest("sha256", "base64"),
  };
  const forms = new Map(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)]));
  forms.set("UTF-16", Buffer.from(secret, "utf16le"));
  return forms;
}

/** Returns where secrets stand: `<place>: <form>`. */
export function leaksOf(
  sources: ReadonlyMap<string, Buffer | string>,
  secrets: readonly string[],
  user: string,
): readonly string[] {
  return [...sources].flatMap(([source, content]) =>
    secrets.flatMap((secret) =>
      [...formsOf(secret, user)].flatMap(([form, bytes]) =>
        Buffer.from(content as string).includes(bytes) ? [`${source}: ${form}`] : [],
      ),
    ),
  );
}
