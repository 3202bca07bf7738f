import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fairSemaphore } from "../../../../../src/platform/kit/semaphore.ts";
import { POP3_TIMEOUTS } from "../../../../../src/platforms/email/client/pop3/client.ts";
import { type MailReaders, mailReaders } from "../../../../../src/platforms/email/inbound/mail-reader.ts";
import { type Pop3Settings, pollPop3 } from "../../../../../src/platforms/email/inbound/pop3-mailbox.ts";
import { pop3Seen, seenEntry } from "../../../../../src/platforms/email/inbound/pop3-seen.ts";
import { type TestConnectionContext, testConnectionContext } from "../../../../support/connection-context.ts";
import { type Pop3Mail, type Pop3Script, type ScriptedPop3, scriptedPop3 } from "../../../../support/scripted-pop3.ts";

let readers: MailReaders;
const ends: Array<() => unknown> = [];
beforeEach(() => {
  readers = mailReaders(1);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await readers.close();
});

const mail = (uidl: string, more = ""): Pop3Mail => ({
  uidl,
  source: Buffer.from(
    `From: ann@example.org\r\nSubject: ${uidl}\r\nMessage-ID: <${uidl}@example.org>\r\n\r\n${more}.\r\n`,
  ),
});
const names = (connectionContext: TestConnectionContext) =>
  connectionContext.arrivals.map(({ event }) => event.object.subject);

async function server(script: Pop3Script): Promise<ScriptedPop3> {
  const scripted = await scriptedPop3(script);
  ends.push(scripted.stop);
  return scripted;
}
const connectionContext = (overrides: Partial<Parameters<typeof testConnectionContext>[0]> = {}) => {
  const context = testConnectionContext({ credentials: {}, address: "bob@example.com", ...overrides });
  ends.push(() => context.abort());
  return context;
};
async function start(account: TestConnectionContext, port: number, more: Partial<Pop3Settings> = {}) {
  const polling = await pollPop3(account, {
    endpoint: {
      connect: account.egress.connect,
      host: "127.0.0.1",
      port,
      tls: "none",
      login: { user: "bob", password: "bob-pw" },
      timeouts: POP3_TIMEOUTS,
    },
    reader: readers.forApp("app1"),
    largeMails: fairSemaphore(1),
    deleteAfter: false,
    pollMs: 20,
    inspect: async () => ({}),
    ...more,
  });
  ends.push(polling.close);
  return polling;
}
/** Waits until the server has heard so many more of a command. */
async function awaitCommand({ commands }: ScriptedPop3, command: string, more = 1): Promise<void> {
  const count = () => commands.filter((line) => line === command).length;
  const enough = count() + more;
  while (count() < enough) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe("polling a POP3 mailbox", () => {
  it("remembers existing mails first, then reports each new mail once with its state, in order", async () => {
    const mails = [mail("old1"), mail("old2")];
    const scripted = await server({ mails: () => mails });
    const account = connectionContext();
    await start(account, scripted.port);
    expect(account.arrivals).toEqual([]);
    expect(scripted.commands).not.toContain("LIST");
    mails.push(mail("new1"), mail("new2"));
    await account.arrived(({ event }) => event.object.subject === "new2");
    mails.shift();
    mails.push(mail("new3"));
    await account.arrived(({ event }) => event.object.subject === "new3");
    await awaitCommand(scripted, "QUIT", 2);
    expect(names(account)).toEqual(["new1", "new2", "new3"]);
    expect(account.arrivals[0]).toMatchObject({
      key: expect.stringMatching(/^pop3:[0-9a-f]{16}:new1$/),
      state: { name: expect.stringMatching(/^pop3:\d+$/) },
      event: {
        platform: "email",
        verb: "send",
        actor: { address: "ann@example.org" },
        target: [{ address: "bob@example.com" }],
        object: { type: "message", id: "<new1@example.org>", body: "." },
        id: "<new1@example.org>",
      },
    });
    expect(scripted.deleted).toEqual([]);
  });

  it("requests only the list while unchanged", async () => {
    const scripted = await server({ mails: () => [mail("old")] });
    await start(connectionContext(), scripted.port);
    await awaitCommand(scripted, "QUIT", 3);
    expect(new Set(scripted.commands)).toEqual(new Set(["CAPA", "USER bob", "PASS bob-pw", "UIDL", "QUIT"]));
  });

  it("continues in another process without loss or duplicates", async () => {
    const mails = [mail("old")];
    const scripted = await server({ mails: () => mails });
    const first = connectionContext();
    const polling = await start(first, scripted.port);
    mails.push(mail("a"));
    await first.arrived(() => true);
    polling.close();
    mails.push(mail("b"), mail("c"));
    const second = connectionContext({ stateOf: first });
    await start(second, scripted.port);
    expect(names(second)).toEqual(["b", "c"]);
  });

  it("starts over at another server, whose ids are unrelated", async () => {
    const first = connectionContext();
    await start(first, (await server({ mails: () => [mail("1"), mail("2")] })).port);
    const second = connectionContext({ stateOf: first });
    const other = await server({ mails: () => [mail("2"), mail("3")] });
    const endpoint = {
      connect: second.egress.connect,
      host: "localhost",
      port: other.port,
      tls: "none" as const,
      login: { user: "bob", password: "x" },
      timeouts: POP3_TIMEOUTS,
    };
    await start(second, other.port, { endpoint });
    expect(second.arrivals).toEqual([]);
  });

  it("reports a mail again that could not be recorded, and reports the end of polling", async () => {
    const mails = [mail("old")];
    const scripted = await server({ mails: () => mails });
    const away = new Error("Redis is away");
    const first = connectionContext({
      record: async () => {
        throw away;
      },
    });
    await start(first, scripted.port, { deleteAfter: true });
    mails.push(mail("new"));
    expect(await first.ended).toBe(away);
    const second = connectionContext({ stateOf: first });
    await start(second, scripted.port);
    expect(names(second)).toEqual(["new"]);
    expect(scripted.deleted).toEqual([]);
  });

  it("reads a full mailbox in several sessions", async () => {
    const mails = [mail("old")];
    const scripted = await server({ mails: () => mails });
    const account = connectionContext();
    await start(account, scripted.port);
    const many = Array.from({ length: 450 }, (_, at) => mail(`n${at}`));
    mails.push(...many);
    await account.arrived(({ event }) => event.object.subject === "n449");
    expect(names(account)).toEqual(many.map(({ uidl }) => uidl));
  });

  it("reports a mail once that is listed twice", async () => {
    const mails: Pop3Mail[] = [];
    const scripted = await server({ mails: () => mails });
    const account = connectionContext();
    await start(account, scripted.port);
    mails.push(mail("twin"), mail("twin"), mail("end"));
    await account.arrived(({ event }) => event.object.subject === "end");
    expect(names(account)).toEqual(["twin", "end"]);
  });

  it("reports each of several mails to which the server gave the same UIDL, and deletes all", async () => {
    const mails: Pop3Mail[] = [];
    const scripted = await server({ mails: () => mails });
    const held = connectionContext();
    await start(held, scripted.port, { deleteAfter: true });
    mails.push(mail("same"), mail("same", "other words"), mail("same"), mail("end"));
    await held.arrived(({ event }) => event.object.subject === "end");
    expect(held.arrivals.map(({ event }) => event.object.body)).toEqual([".", "other words.", "."]);
    expect(new Set(held.arrivals.map(({ key }) => key)).size).toBe(3);
    await awaitCommand(scripted, "QUIT");
    expect(scripted.deleted).toHaveLength(4);
  });

  it("adds delivery reports found in mails", async () => {
    const mails: Pop3Mail[] = [];
    const scripted = await server({ mails: () => mails });
    const account = connectionContext();
    await start(account, scripted.port, { inspect: async ({ source }) => ({ size: source.length }) });
    mails.push(mail("a"));
    expect((await account.arrived(() => true)).event.object).toMatchObject({ size: mails[0]?.source.length });
  });
});

describe("deleting mails", () => {
  it("happens only where configured, and only to reported mails", async () => {
    const mails = [mail("old")];
    const scripted = await server({ mails: () => mails });
    const account = connectionContext();
    await start(account, scripted.port, { deleteAfter: true });
    mails.push(mail("new"));
    await account.arrived(() => true);
    await awaitCommand(scripted, "QUIT");
    expect(scripted.deleted).toContain("new");
    expect(scripted.deleted).not.toContain("old");
  });

  it("is repeated when the session broke before QUIT", async () => {
    const mails = [mail("old")];
    let broken = false;
    const scripted = await server({
      mails: () => mails,
      say: (command) => {
        if (!command.startsWith("DELE") || broken) return undefined;
        broken = true;
        return "drop";
      },
    });
    const first = connectionContext();
    await start(first, scripted.port, { deleteAfter: true });
    mails.push(mail("new"));
    expect(await first.ended).toMatchObject({ code: "ECONNRESET" });
    expect(scripted.deleted).toEqual([]);
    const second = connectionContext({ stateOf: first });
    await start(second, scripted.port, { deleteAfter: true });
    expect(second.arrivals).toEqual([]);
    expect(scripted.deleted).toEqual(["new"]);
  });
});

describe("a faulty POP3 server", () => {
  it("with one unreadable mail does not affect other mails", async () => {
    const mails = [mail("old")];
    const scripted = await server({
      mails: () => mails,
      say: (command) => (command === "RETR 2" ? "-ERR [SYS/PERM] damaged\r\n" : undefined),
    });
    const account = connectionContext();
    await start(account, scripted.port);
    mails.push(mail("bad"), mail("good"));
    await account.arrived(() => true);
    await awaitCommand(scripted, "RETR 2", 2);
    expect(names(account)).toEqual(["good"]);
  });

  it("with an oversized mail is read for its beginning only", async () => {
    const mails: Pop3Mail[] = [];
    const scripted = await server({
      mails: () => mails,
      say: (command) => (command === "LIST" ? "+OK\r\n1 99000000\r\n.\r\n" : undefined),
    });
    const account = connectionContext();
    await start(account, scripted.port);
    mails.push(mail("huge"));
    const { event } = await account.arrived(() => true);
    expect(event.object).toMatchObject({ subject: "huge", truncated: true });
    expect(scripted.commands).toContain("TOP 1 200");
    expect(scripted.commands).not.toContain("RETR 1");
  });

  it("that breaks on one mail repeatedly yields a placeholder, then the other mails", async () => {
    const mails = [mail("old")];
    const scripted = await server({
      mails: () => mails,
      say: (command) => (command === "RETR 2" ? "drop" : undefined),
    });
    let account = connectionContext();
    await start(account, scripted.port);
    account.abort();
    mails.push(mail("bomb"), mail("good"));
    for (let broken = 0; broken < 8; broken += 1) {
      account = connectionContext({ stateOf: account });
      await expect(start(account, scripted.port, { deleteAfter: true })).rejects.toMatchObject({ code: "ECONNRESET" });
      expect(account.arrivals).toEqual([]);
    }
    account = connectionContext({ stateOf: account });
    await start(account, scripted.port, { deleteAfter: true });
    expect(account.arrivals.map(({ event }) => event)).toMatchObject([
      { actor: { address: "<>" }, object: { truncated: true } },
      { object: { subject: "good" } },
    ]);
    // Unreadable mails are not deleted.
    expect(scripted.deleted).toEqual(["good"]);
  });

  it("that refuses the beginning of an oversized mail yields a placeholder too", async () => {
    const mails: Pop3Mail[] = [];
    const scripted = await server({
      mails: () => mails,
      say: (command) => {
        if (command === "LIST") return "+OK\r\n1 99000000\r\n.\r\n";
        return command.startsWith("TOP") ? "-ERR no TOP here\r\n" : undefined;
      },
    });
    const account = connectionContext();
    await start(account, scripted.port);
    mails.push(mail("huge"));
    expect((await account.arrived(() => true)).event.object).toMatchObject({ type: "message", truncated: true });
  });

  it.each([
    ["PASS", "-ERR [AUTH] no\r\n", { kind: "auth" }],
    ["UIDL", "-ERR no\r\n", { kind: "permanent" }],
    ["UIDL", "drop", { code: "ECONNRESET" }],
  ])("rejects the first connection at %s", async (command, answer, failure) => {
    const scripted = await server({ say: (line) => (line.startsWith(command) ? answer : undefined) });
    const account = connectionContext();
    await expect(start(account, scripted.port)).rejects.toMatchObject(failure);
    expect(scripted.open()).toBeLessThanOrEqual(1);
  });

  it("ends polling at a later failure, reported once", async () => {
    let dead = false;
    const scripted = await server({
      say: (command) => (dead && command === "UIDL" ? "-ERR [IN-USE] x\r\n" : undefined),
    });
    const account = connectionContext();
    await start(account, scripted.port);
    dead = true;
    expect(await account.ended).toMatchObject({ kind: "retryable", platformCode: "-ERR [IN-USE] x" });
  });

  it("is not polled more often than it allows", async () => {
    const scripted = await server({ capabilities: ["LOGIN-DELAY 3600"] });
    await start(connectionContext(), scripted.port);
    const patient = await server({});
    await start(connectionContext(), patient.port);
    await awaitCommand(patient, "UIDL", 5);
    expect(scripted.commands.filter((command) => command === "UIDL")).toHaveLength(1);
  });

  it("is disconnected silently at an abort", async () => {
    const scripted = await server({ say: (command) => (command === "UIDL" ? "hang" : undefined) });
    const account = connectionContext({ onDisconnected: () => expect.unreachable("Nobody asked") });
    const starting = start(account, scripted.port);
    await awaitCommand(scripted, "UIDL");
    account.abort(new Error("enough"));
    await expect(starting).rejects.toThrow("enough");
  });
});

describe("the stored state of a mailbox", () => {
  const uidl = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 12 });
  const written = (
    notes: Record<string, string>,
    more: readonly { readonly name: string; readonly value: string | undefined }[],
  ) => {
    for (const { name, value } of more) {
      if (value === undefined) delete notes[name];
      else notes[name] = value;
    }
    return notes;
  };

  it("distinguishes found, reported and new mails", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(uidl, { maxLength: 200 }),
        fc.nat({ max: 100 }),
        fc.nat({ max: 100 }),
        (all, first, second) => {
          const [found, handed, fresh] = [
            all.slice(0, first),
            all.slice(first, first + second),
            all.slice(first + second),
          ];
          const notes = written({}, pop3Seen({}, "m").begin(found.map(seenEntry)));
          const listed = new Set(all.map((id) => seenEntry(id).key));
          const seen = pop3Seen(notes, "m");
          for (const id of handed) written(notes, [seen.markHanded(seenEntry(id), listed)]);
          const again = pop3Seen(notes, "m");
          expect(again.hasBegun).toBe(true);
          for (const id of found) expect(again.statusOf(seenEntry(id))).toBe("found");
          for (const id of handed) expect(again.statusOf(seenEntry(id))).toBe("handed");
          for (const id of fresh) expect(again.statusOf(seenEntry(id))).toBeUndefined();
        },
      ),
    );
  });

  it("forgets deleted mails, but not after one short list", () => {
    const ids = Array.from({ length: 20_000 }, (_, at) => `id${at}`);
    const notes = written({}, pop3Seen({}, "m").begin(ids.slice(0, 1_000).map(seenEntry)));
    written(notes, [pop3Seen(notes, "m").markHanded(seenEntry("one"), new Set([seenEntry("one").key]))]);
    expect(ids.slice(0, 1_000).every((id) => pop3Seen(notes, "m").statusOf(seenEntry(id)) === "found")).toBe(true);
    const seen = pop3Seen(notes, "m");
    for (const id of ids) written(notes, [seen.markHanded(seenEntry(id), new Set([seenEntry(id).key]))]);
    // 64 records of up to 64 deleted entries and one present, and the current one.
    expect(Object.values(notes).join("").length).toBeLessThan(64 * 68 * 11);
  });

  it("starts over for another mailbox and removes the old state", () => {
    const notes = written({}, pop3Seen({}, "m").begin(["a", "b", "c"].map(seenEntry)));
    const other = pop3Seen(notes, "n");
    expect(other.hasBegun).toBe(false);
    written(notes, other.begin([seenEntry("x")]));
    const now = pop3Seen(notes, "n");
    expect(now.hasBegun).toBe(true);
    expect(["a", "b", "c", "x"].map((id) => now.statusOf(seenEntry(id)))).toEqual([
      undefined,
      undefined,
      undefined,
      "found",
    ]);
    expect(Object.keys(notes)).toHaveLength(2);
  });

  it("ignores foreign state entries", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const notes = { pop3: "m", "pop3:0": text, "pop3:7": text, "folder:INBOX": text };
        expect(() => pop3Seen(notes, "m").statusOf(seenEntry("a"))).not.toThrow();
      }),
    );
  });
});
