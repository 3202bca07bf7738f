import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { EXIT, SendmailError } from "./exit-codes.ts";
import type { OutgoingMail } from "./message.ts";

/** Mails on disk that the gateway has not taken yet. */
export interface Spool {
  /** Stores a mail; it survives a power cut when the promise resolves. Answers its name. Throws `SendmailError`. */
  readonly put: (mail: OutgoingMail) => Promise<string>;
  /** Names of what waits, oldest first. */
  readonly list: () => Promise<readonly string[]>;
  /** Undefined where another process was faster. */
  readonly read: (name: string) => Promise<OutgoingMail | undefined>;
  readonly remove: (name: string) => Promise<void>;
  /** Sets aside what the gateway will never take, with the reason. */
  readonly setAside: (name: string) => Promise<void>;
}

const MAX_WAITING = 10_000;
const WAITING = /^\d+-[0-9a-f-]+\.mail$/;

/** Opens a spool folder, and makes it where it is missing. */
export function spool(folder: string): Spool {
  return {
    put: async ({ from, to, bytes }) => {
      const name = `${String(Date.now()).padStart(15, "0")}-${randomUUID()}.mail`;
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        if ((await waiting(folder)).length >= MAX_WAITING) throw new Error(`${MAX_WAITING} mails wait there already`);
        const partial = join(folder, `${name}.partial`);
        const file = await open(partial, "wx", 0o600);
        try {
          await file.write(`${JSON.stringify({ from, to })}\n`);
          await file.write(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(partial, join(folder, name));
        const directory = await open(folder, "r");
        await directory.sync().finally(() => directory.close());
        return name;
      } catch (error) {
        throw new SendmailError(EXIT.tempFail, `the mail can't be stored in ${folder}: ${wordsOf(error)}`);
      }
    },
    list: () => waiting(folder),
    read: async (name) => {
      const whole = await readFile(join(folder, name)).catch(() => undefined);
      if (whole === undefined) return undefined;
      const end = whole.indexOf("\n");
      const { from, to } = JSON.parse(whole.toString("utf8", 0, end)) as Pick<OutgoingMail, "from" | "to">;
      return { from, to, bytes: whole.subarray(end + 1) };
    },
    remove: (name) => rm(join(folder, name), { force: true }),
    setAside: (name) => rename(join(folder, name), join(folder, `${name}.refused`)),
  };
}

async function waiting(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => WAITING.test(name)).sort();
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : "an unknown error";
}
