import { describe, expect, it } from "vitest";
import { silentLog } from "../../../../../src/model/log.ts";
import { poisonKey, readOrStepOver } from "../../../../../src/platforms/email/inbound/imap-poison.ts";
import { parseMail } from "../../../../../src/platforms/email/inbound/mail-parse.ts";

const message = { folder: "INBOX", uidValidity: "9", uid: 7 };
const reader = {
  readReport: async () => undefined,
  whileInMemory: <T>(work: () => Promise<T>) => work(),
  read: (source: Buffer) => parseMail({ source, truncated: false }),
  threads: () => 0,
  close: async () => undefined,
};

/** Connection whose FETCH of a mail's content ends as `fetch` decides. Size and date are known. */
function mailbox(fetch: () => Promise<unknown>, isUsable: () => boolean = () => true, listed: readonly number[] = [7]) {
  const state: Record<string, string> = {};
  const connection = {
    log: silentLog,
    signal: new AbortController().signal,
    state: {
      read: async () => state,
      write: async (name: string, value: string | undefined) => {
        state[name] = value ?? "";
      },
    },
  };
  let fetches = 0;
  const imap = {
    get usable() {
      return isUsable();
    },
    search: async () => listed,
    fetchOne: async (_uid: string, query: { readonly source?: unknown }) => {
      if (query.source === undefined) return { uid: 7, size: 4_711 };
      fetches += 1;
      return fetch();
    },
  };
  const read = () => readOrStepOver(imap as never, message, state[poisonKey("INBOX")], reader, connection);
  return { read, state, fetches: () => fetches };
}

describe("an unreadable mail over IMAP", () => {
  it.each([
    ["is refused", () => Promise.reject(Object.assign(new Error("Command failed"), { responseStatus: "NO" }))],
    ["comes without content", () => Promise.resolve({ uid: 7 })],
    ["does not come although it is listed", () => Promise.resolve(false)],
  ])("%s, is tried five times and then reported with uid, size and reason", async (_how, fetch) => {
    const { read, fetches } = mailbox(fetch);
    const fetched = await read();
    expect(fetches()).toBe(5);
    expect(fetched?.mail.object).toMatchObject({
      type: "message",
      truncated: true,
      size: 4_711,
      error: { code: "platform-protocol-error", detail: expect.stringContaining("raw: true"), retryable: false },
    });
  });

  it("that breaks connections is reported after five of them", async () => {
    let isUsable = true;
    const { read, state } = mailbox(
      () => {
        isUsable = false;
        return Promise.reject(Object.assign(new Error("gone"), { code: "NoConnection" }));
      },
      () => isUsable,
    );
    for (let n = 1; n <= 5; n += 1) {
      isUsable = true;
      await expect(read()).rejects.toThrow();
      expect(state[poisonKey("INBOX")]).toBe(`9:7 ${n}`);
    }
    isUsable = true;
    expect((await read())?.mail.object).toMatchObject({ truncated: true, size: 4_711 });
  });

  it("arrives when it becomes readable", async () => {
    let calls = 0;
    const { read } = mailbox(() => {
      calls += 1;
      return calls < 3
        ? Promise.reject(Object.assign(new Error("Command failed"), { responseStatus: "NO" }))
        : Promise.resolve({ uid: 7, size: 14, source: Buffer.from("Subject: s\n\nhi") });
    });
    expect((await read())?.mail.object).toMatchObject({ subject: "s", body: "hi" });
  });

  it("is ignored when it was deleted", async () => {
    const isUsable = () => true;
    expect(await mailbox(() => Promise.resolve(false), isUsable, []).read()).toBeUndefined();
  });
});
