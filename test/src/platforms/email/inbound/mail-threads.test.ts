import { describe, expect, it } from "vitest";
import type { ConnectionState } from "../../../../../src/platform/connection.ts";
import { inThread } from "../../../../../src/platforms/email/inbound/mail-threads.ts";
import type { InboundMail } from "../../../../../src/platforms/email/schemas/inbound-mail.ts";

function memoryState() {
  const items = new Map<string, string>();
  const state: ConnectionState = {
    read: async () => Object.fromEntries(items),
    write: async (name, value) => void (value === undefined ? items.delete(name) : items.set(name, value)),
  };
  return { state, bytes: () => [...items.values()].join("").length };
}

/** A mail with the id, whose oldest reference is `oldest`. */
const mail = (id: string | undefined, oldest = id): InboundMail => ({
  actor: { address: "ann@example.test" },
  object: { type: "message", ...(id === undefined ? {} : { id }) },
  ...(oldest === undefined ? {} : { context: { type: "thread" as const, id: oldest } }),
});

describe("the thread of a mail", () => {
  const threadOf = async (state: ConnectionState, id: string | undefined, oldest?: string) =>
    (await inThread(mail(id, oldest), state)).context?.id;

  it("is that of the first mail, also where each answer names only the one before", async () => {
    const { state } = memoryState();
    expect(await threadOf(state, "<a@b>")).toBe("<a@b>");
    expect(await threadOf(state, "<b@b>", "<a@b>")).toBe("<a@b>");
    expect(await threadOf(state, "<c@b>", "<b@b>")).toBe("<a@b>");
    expect(await threadOf(state, "<d@b>", "<c@b>")).toBe("<a@b>");
    expect(await threadOf(state, undefined, "<d@b>")).toBe("<a@b>");
    expect(await threadOf(state, "<x@b>", "<y@b>")).toBe("<y@b>");
  });

  it("survives a mail that is read again, and mails that answer each other", async () => {
    const { state } = memoryState();
    for (let times = 0; times < 3; times += 1) {
      expect(await threadOf(state, "<b@b>", "<a@b>")).toBe("<a@b>");
      expect(await threadOf(state, "<c@b>", "<b@b>")).toBe("<a@b>");
    }
    await threadOf(state, "<a@b>", "<c@b>");
    expect(await threadOf(state, "<d@b>", "<b@b>")).toBe("<a@b>");
  });

  it("is kept for the last answers only, in bounded state", async () => {
    const { state, bytes } = memoryState();
    await threadOf(state, "<first@b>", "<a@b>");
    for (let n = 0; n < 2_000; n += 1) await threadOf(state, `<${n}@b>`, `<${"x".repeat(180)}${n}@b>`);
    await threadOf(state, "<long@b>", `<${"y".repeat(400)}@b>`);
    expect(bytes()).toBeLessThan(8 * 40 * 211);
    expect(await threadOf(state, "<late@b>", "<first@b>")).toBe("<first@b>");
    expect(await threadOf(state, "<late@b>", "<1999@b>")).toBe(`<${"x".repeat(180)}1999@b>`);
  });
});
