import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ParsedMail, simpleParser } from "mailparser";

export interface MailFolder {
  /** All mails of the folder, oldest first. */
  readonly raw: () => Promise<readonly Buffer[]>;
  /** Waits until a mail matches and parses that mail; rejects after 20 s. */
  readonly find: (fits: (mail: ParsedMail) => boolean) => Promise<ParsedMail>;
  /** Message-IDs of all mails of the folder; duplicates are listed twice. */
  readonly ids: () => Promise<readonly string[]>;
}

/** Reads an inbox in Maildir form. Files are moved into the folder complete, so no mail is read half. */
export function mailFolder(dir: string): MailFolder {
  const raw = async (): Promise<readonly Buffer[]> => {
    const names = await Promise.all(["new", "cur"].map((part) => listed(join(dir, part))));
    try {
      return await Promise.all(names.flat().map((name) => readFile(name)));
    } catch (error) {
      // A file was moved or deleted after the listing.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return raw();
      throw error;
    }
  };
  return {
    raw,
    ids: async () => (await raw()).map((mail) => /^message-id:\s*(\S+)/im.exec(mail.toString("latin1"))?.[1] ?? ""),
    find: async (fits) => {
      const deadline = Date.now() + 20_000;
      for (;;) {
        for (const source of await raw()) {
          const mail = await simpleParser(source);
          if (fits(mail)) return mail;
        }
        if (Date.now() > deadline) throw new Error(`No such mail in ${dir}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
}

async function listed(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).sort().map((name) => join(dir, name));
  } catch {
    return [];
  }
}
