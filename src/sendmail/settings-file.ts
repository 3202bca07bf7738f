import { readFileSync } from "node:fs";
import { EXIT, SendmailError } from "./exit-codes.ts";

/** Settings of sendmail. A file, since its callers pass no environment on. */
export interface SendmailSettings {
  readonly host: string;
  readonly port: number;
  readonly key: string;
  readonly spool: string;
}

const DEFAULTS = { smtp: "127.0.0.1:2525", key_file: "/etc/dragoman/sendmail.key", spool: "/var/spool/dragoman" };

/** Reads `name = value` lines; # begins a comment. A missing file means the defaults. Throws `SendmailError`. */
export function sendmailSettings(path: string): SendmailSettings {
  const lines = read(path)?.split("\n") ?? [];
  const given: Record<string, string> = {};
  for (const line of lines) {
    const bare = line.replace(/#.*/, "").trim();
    const [, name = "", value = ""] = /^(\w+)\s*=\s*(\S+)$/.exec(bare) ?? [];
    if (bare !== "" && !(name in DEFAULTS))
      throw new SendmailError(EXIT.config, `${path}: it takes lines such as smtp = 127.0.0.1:2525; not: ${bare}`);
    if (bare !== "") given[name] = value;
  }
  const { smtp, key_file: keyFile, spool } = { ...DEFAULTS, ...given };
  const [, host, port] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(smtp) ?? [];
  if (host === undefined) throw new SendmailError(EXIT.config, `${path}: smtp takes host:port`);
  const key = read(keyFile)?.trim();
  if (key === undefined) throw new SendmailError(EXIT.config, `the app's key can't be read from ${keyFile}`);
  return { host, port: Number(port), key, spool };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
