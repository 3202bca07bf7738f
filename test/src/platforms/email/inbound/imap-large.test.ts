import { afterAll, describe, expect, it } from "vitest";
import { readLarge } from "../../../../../src/platforms/email/inbound/imap-large.ts";
import { mailReaders } from "../../../../../src/platforms/email/inbound/mail-reader.ts";

const readers = mailReaders(1);
afterAll(() => readers.close());
const { signal } = new AbortController();

/** Mailbox whose server finds no parts in its mails. It gives a mail's rest once `answer` was called. */
function mailbox(rest: Buffer) {
  let answer: () => void = () => undefined;
  const isAnswered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let asked = 0;
  const imap = {
    fetchOne: async (_uid: string, { source }: { readonly source?: unknown }) => {
      if (source === undefined) return { uid: 1 };
      asked += 1;
      await isAnswered;
      return { uid: 1, source: rest };
    },
  };
  return { imap: imap as never, answer, asked: () => asked };
}

describe("a large mail in which the server finds no parts", () => {
  it("is read whole", async () => {
    const [source, rest] = [Buffer.from("Subject: hi\r\n\r\nfirst "), Buffer.from("second")];
    const { imap, answer } = mailbox(rest);
    answer();
    const size = source.length + rest.length;
    const mail = await readLarge(imap, { uid: 1, source, size }, readers.forApp("app1"), signal);
    expect(mail.object).toMatchObject({ subject: "hi", body: "first second" });
  });

  it("waits while there are several in memory, with room left for other apps", async () => {
    const source = Buffer.from("Subject: hi\r\n\r\n");
    const { imap, answer, asked } = mailbox(Buffer.from("text"));
    const read = (app: string) =>
      readLarge(imap, { uid: 1, source, size: source.length + 4 }, readers.forApp(app), signal);
    const ofOne = Array.from({ length: 9 }, () => read("app1"));
    await expect.poll(asked).toBe(2);
    const ofOther = read("app2");
    await expect.poll(asked).toBe(3);
    answer();
    expect(await Promise.all([...ofOne, ofOther])).toHaveLength(10);
  });
});
