import { createServer } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { Failure } from "../../../../../../src/model/failure.ts";
import { pop3Body } from "../../../../../../src/platforms/email/client/pop3/body.ts";
import {
  openPop3,
  POP3_TIMEOUTS,
  type Pop3Endpoint,
  type Pop3Timeouts,
} from "../../../../../../src/platforms/email/client/pop3/client.ts";
import type { Login } from "../../../../../../src/platforms/email/credentials.ts";
import { loopbackEgress } from "../../../../../support/loopback-egress.ts";
import { type Pop3Script, type ScriptedPop3, scriptedPop3, stuffed } from "../../../../../support/scripted-pop3.ts";

const guard = loopbackEgress();
const never = new AbortController().signal;
const ends: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
const MAX_BYTES = 1_000_000;
const BOB: Login = { user: "bob", password: "bob-pw" };

async function server(script: Pop3Script): Promise<ScriptedPop3> {
  const scripted = await scriptedPop3(script);
  ends.push(scripted.stop);
  return scripted;
}
const endpoint = (port: number, more: Partial<Pop3Endpoint> = {}): Pop3Endpoint => ({
  connect: guard.connect,
  host: "127.0.0.1",
  port,
  tls: "none",
  login: BOB,
  timeouts: POP3_TIMEOUTS,
  ...more,
});
const open = (port: number, more?: Partial<Pop3Endpoint>) => openPop3(endpoint(port, more), never);
/** Failure of a refused login or a fault. */
const failing = (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => expect.unreachable("It worked"),
    (thrown) => thrown,
  );

describe("a multi-line answer", () => {
  const TRICKY = "Subject: t\r\n\r\ncaf\xe9\r\n.x\r\n..\r\n.\r\r\n.\rx\r\n.\r\n\n.\r\n\r\n.\r\nend\r\n";
  const line = fc.oneof(
    fc.constantFrom("", ".", "..", ".x", "\r", ".\r", "\r.", "\n.", ".\r\r", "\xe9", "\0", "."),
    fc.string({ unit: "binary", maxLength: 20 }).map((text) => text.replaceAll("\r\n", "")),
  );
  const mail = fc
    .array(line, { maxLength: 30 })
    .map((lines) => Buffer.from(lines.map((text) => `${text}\r\n`).join(""), "latin1"));
  const wired = (source: Buffer) => stuffed(source).subarray("+OK\r\n".length);

  it("yields the same bytes and rest for any chunking", () => {
    fc.assert(
      fc.property(mail, fc.array(fc.nat(), { maxLength: 8 }), fc.string({ maxLength: 5 }), (source, cuts, after) => {
        const wire = Buffer.concat([wired(source), Buffer.from(after)]);
        const end = wire.length - Buffer.byteLength(after);
        const offsets = [...new Set(cuts.map((cut) => cut % end))].sort((a, b) => a - b);
        const body = pop3Body(MAX_BYTES);
        const rests = [...offsets, wire.length].map((to, at) => body.take(wire.subarray(offsets[at - 1] ?? 0, to)));
        expect(rests.slice(0, -1)).toEqual(offsets.map(() => undefined));
        expect(rests.at(-1)?.toString()).toBe(after);
        expect(body.bytes()).toEqual(source);
      }),
      { numRuns: 1_000 },
    );
  });

  it("yields the same bytes when read one by one", () => {
    const source = Buffer.from(TRICKY, "latin1");
    const body = pop3Body(MAX_BYTES);
    const rests = [...wired(source)].map((byte) => body.take(Buffer.from([byte])));
    expect(rests.filter((rest) => rest !== undefined)).toHaveLength(1);
    expect(rests.at(-1)).toHaveLength(0);
    expect(body.bytes()).toEqual(source);
  });

  it("keeps up to its limit and counts the rest", () => {
    fc.assert(
      fc.property(mail, fc.nat({ max: 100 }), (source, max) => {
        const body = pop3Body(max);
        expect(body.take(wired(source))).toHaveLength(0);
        expect(body.size()).toBe(source.length);
        expect(body.bytes()).toEqual(source.subarray(0, max));
      }),
    );
  });

  it("passes a socket in packets unchanged", async () => {
    const source = Buffer.from(TRICKY, "latin1");
    const cuts = fc.sample(fc.array(fc.nat({ max: 80 }), { maxLength: 6 }), { numRuns: 20, seed: 7 });
    let times = 0;
    const { port } = await server({
      mails: () => [{ uidl: "a", source }],
      cuts: (answer) =>
        [...new Set((cuts[times++ % cuts.length] ?? []).map((cut) => cut % answer.length))].sort((a, b) => a - b),
    });
    const pop3 = await open(port);
    for (let time = 0; time < 20; time += 1) {
      expect((await pop3.retr(1, MAX_BYTES)).bytes.toString("latin1")).toBe(TRICKY);
    }
    await pop3.quit();
    pop3.close();
  });
});

describe("a POP3 session", () => {
  it("lists, reads, deletes and quits", async () => {
    const source = Buffer.from("Subject: a\r\n\r\nbody\r\n");
    const mails = [
      { uidl: "first", source },
      { uidl: "second!~", source: Buffer.concat([source, source]) },
    ];
    const { port, commands, deleted } = await server({ mails: () => mails, capabilities: ["TOP", "LOGIN-DELAY 900"] });
    const pop3 = await open(port);
    expect([...pop3.capabilities]).toEqual([
      ["TOP", ""],
      ["LOGIN-DELAY", "900"],
    ]);
    expect([...(await pop3.uidl())]).toEqual([
      [1, "first"],
      [2, "second!~"],
    ]);
    expect([...(await pop3.list())]).toEqual([
      [1, 20],
      [2, 40],
    ]);
    expect((await pop3.top(1, 5, MAX_BYTES)).bytes.toString()).toBe("Subject: a\r\n\r\n");
    expect(await pop3.retr(2, 30)).toEqual({ bytes: mails[1]?.source.subarray(0, 30), size: 40 });
    await pop3.dele(1);
    expect(deleted).toEqual([]);
    await pop3.quit();
    pop3.close();
    expect(deleted).toEqual(["first"]);
    expect(commands).toEqual([
      "CAPA",
      "USER bob",
      "PASS bob-pw",
      "UIDL",
      "LIST",
      "TOP 1 5",
      "RETR 2",
      "DELE 1",
      "QUIT",
    ]);
  });

  it("continues after a mail that the server refuses", async () => {
    const { port } = await server({ mails: () => [{ uidl: "a", source: Buffer.from("x\r\n") }] });
    const pop3 = await open(port);
    expect(await failing(pop3.retr(7, MAX_BYTES))).toMatchObject({ platformCode: "-ERR no such mail" });
    expect((await pop3.retr(1, MAX_BYTES)).bytes.toString()).toBe("x\r\n");
    pop3.close();
  });

  it("works with a server without CAPA", async () => {
    const { port } = await server({ say: (command) => (command === "CAPA" ? "-ERR what?\r\n" : undefined) });
    const pop3 = await open(port);
    expect(pop3.capabilities.size).toBe(0);
    pop3.close();
  });

  it.each(["a\r\nDELE 1", "a\nb", "a\rb", "a\0b"])("never sends a line break of a login: %j", async (bad) => {
    const { port, commands } = await server({});
    expect(await failing(open(port, { login: { user: bad, password: "x" } }))).toBeInstanceOf(TypeError);
    expect(await failing(open(port, { login: { user: "bob", password: bad } }))).toBeInstanceOf(TypeError);
    expect(commands).toEqual(["CAPA", "CAPA", "USER bob"]);
  });

  it("stops at an abort at any moment", async () => {
    for (const moment of ["CAPA", "PASS bob-pw", "RETR 1"]) {
      const stop = new AbortController();
      const scripted = await server({
        say: (command) => {
          if (command !== moment) return undefined;
          setImmediate(() => stop.abort(new Error("enough")));
          return "hang";
        },
      });
      const work = openPop3(endpoint(scripted.port), stop.signal).then((pop3) => pop3.retr(1, MAX_BYTES));
      expect(await failing(work)).toMatchObject({ message: "enough" });
    }
  });
});

describe("refusals of a POP3 server", () => {
  const on = (command: string, answer: string) => ({
    say: (line: string) => (line.startsWith(command) ? `${answer}\r\n` : undefined),
  });
  it.each([
    ["[AUTH] no", [], "auth", "credentials-invalid"],
    ["no such user or password", [], "auth", "platform-rejected"],
    ["no", ["AUTH-RESP-CODE"], "retryable", "platform-unavailable"],
    ["[IN-USE] locked by another", [], "retryable", "platform-unavailable"],
    ["mailbox is locked, try again later", [], "retryable", "platform-unavailable"],
    ["[SYS/TEMP] disk", [], "retryable", "platform-unavailable"],
    ["[SYS/PERM] no POP3 for you", [], "permanent", "platform-rejected"],
    ["[LOGIN-DELAY] wait", [], "rate-limited", "platform-rate-limited"],
    ["[constructor] x", [], "auth", "platform-rejected"],
  ])("%s after PASS (%j) is %s %s", async (reply, capabilities, kind, code) => {
    const scripted = await server({ ...on("PASS", `-ERR ${reply}`), capabilities });
    expect(await failing(open(scripted.port))).toMatchObject({ kind, code, platformCode: `-ERR ${reply}` });
    expect(scripted.commands.at(-1)).toBe("PASS bob-pw");
  });

  it("show no secret that the server repeats, and are bounded", async () => {
    const base64 = Buffer.from("bob-pw").toString("base64");
    const { port } = await server(on("PASS", `-ERR bob-pw ${base64} is wrong\u0007${"!".repeat(1_000)}`));
    const { platformCode = "" } = await failing(open(port));
    expect(platformCode).toMatch(/^-ERR \*\*\* \*\*\* is wrong !+$/);
    expect(platformCode).toHaveLength(300);
  });

  it("report a server without UIDL", async () => {
    const { port } = await server(on("UIDL", "-ERR unknown command"));
    const pop3 = await open(port);
    expect(await failing(pop3.uidl())).toMatchObject({ kind: "permanent", code: "platform-rejected" });
    pop3.close();
  });

  it("report missing encryption, before a login is sent", async () => {
    const scripted = await server(on("STLS", "-ERR no TLS"));
    expect(await failing(open(scripted.port, { tls: "starttls" }))).toMatchObject({
      kind: "permanent",
      code: "tls-failed",
    });
    expect(scripted.commands).toEqual(["STLS"]);
  });

  it("ignore text received before encryption", async () => {
    const scripted = await server({ say: () => "+OK go\r\n+OK you are in\r\n" });
    expect(await failing(open(scripted.port, { tls: "starttls" }))).toMatchObject({ code: "platform-protocol-error" });
    expect(scripted.commands).toEqual(["STLS"]);
  });
});

describe("a login with a token", () => {
  const answers = (good: string) => (command: string) => {
    if (command === "AUTH XOAUTH2") return "+ \r\n";
    if (command === Buffer.from(`user=bob\u0001auth=Bearer ${good}\u0001\u0001`).toString("base64"))
      return "+OK in\r\n";
    if (command === "") return "-ERR [AUTH] no\r\n";
    return /^[A-Za-z0-9+/=]{20,}$/.test(command) ? "+ eyJzdGF0dXMiOiI0MDEifQ==\r\n" : undefined;
  };
  const login = (refreshes: boolean[]): Login => ({
    user: "bob",
    token: async (renew) => {
      refreshes.push(renew);
      return renew ? "fresh" : "stale";
    },
  });

  it("refreshes a refused token once", async () => {
    const refreshes: boolean[] = [];
    const { port } = await server({ say: answers("fresh") });
    const pop3 = await open(port, { login: login(refreshes) });
    pop3.close();
    expect(refreshes).toEqual([false, true]);
  });

  it("is invalid when the refreshed token is refused as well", async () => {
    const refreshes: boolean[] = [];
    const { port } = await server({ say: answers("another") });
    expect(await failing(open(port, { login: login(refreshes) }))).toMatchObject({
      kind: "auth",
      code: "credentials-invalid",
    });
    expect(refreshes).toEqual([false, true]);
  });
});

describe("a hostile server", () => {
  const hasty: Pop3Timeouts = { connect: 5_000, silence: 200, answer: 1_000 };
  const drip = (awaited: string, bytes: string) => ({
    say: (command: string) => (command.startsWith(awaited) ? bytes : undefined),
  });

  it.each<[string, Pop3Script, object]>([
    ["no POP3", { greeting: "220 smtp.example ESMTP\r\n" }, { code: "platform-protocol-error" }],
    ["a line without end", { greeting: `+OK ${"x".repeat(100_000)}` }, { code: "platform-protocol-error" }],
    ["silence", { greeting: "hang" }, { code: "ETIMEDOUT" }],
    ["half a line and silence", { greeting: "+OK hel" }, { code: "ETIMEDOUT" }],
    ["a closed door", { greeting: "drop" }, { code: "ECONNRESET" }],
    ["an answer nobody asked for", drip("USER", "+OK\r\n+OK\r\n"), { code: "platform-protocol-error" }],
    ["a list of nonsense", drip("UIDL", "+OK\r\n1 a\r\nx y\r\n.\r\n"), { code: "platform-protocol-error" }],
    ["ids with control characters", drip("UIDL", "+OK\r\n1 a\x07b\r\n.\r\n"), { code: "platform-protocol-error" }],
    ["a challenge for no reason", drip("PASS", "+ what is your name\r\n"), { code: "platform-protocol-error" }],
    ["an end in the middle of a list", drip("UIDL", "+OK\r\n1 a\r\n"), { code: "ETIMEDOUT" }],
  ])("that sends %s is disconnected", async (_name, script, failure) => {
    const scripted = await server(script);
    const work = open(scripted.port, { timeouts: hasty }).then((pop3) => pop3.uidl());
    expect(await failing(work)).toMatchObject(failure);
  });

  /** Sends the beginning of an answer, then endless data as fast as the client reads. */
  async function endless(beginning: string, piece: Buffer): Promise<number> {
    const pour = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.write("+OK\r\n");
      socket.on("data", (chunk) => {
        if (!/^(UIDL|RETR)/.test(chunk.toString()))
          return socket.write("+OK\r\n".repeat(1) + (/^CAPA/.test(chunk.toString()) ? ".\r\n" : ""));
        socket.write(beginning);
        const more = () => {
          while (!socket.destroyed && socket.write(piece));
        };
        socket.on("drain", more);
        more();
      });
    });
    await new Promise<void>((resolve) => pour.listen(0, "127.0.0.1", () => resolve()));
    ends.push(() => new Promise((resolve) => pour.close(resolve)));
    return (pour.address() as { port: number }).port;
  }

  it.each([
    ["mail", "RETR", "x\r\n"],
    ["list", "UIDL", "1 a\r\n"],
    ["mail in one line", "RETR", "xxxx"],
  ])("that sends an endless %s is disconnected", async (_name, command, text) => {
    const port = await endless("+OK\r\n", Buffer.from(text.repeat(20_000)));
    const pop3 = await open(port);
    const work = command === "RETR" ? pop3.retr(1, MAX_BYTES) : pop3.uidl();
    expect(await failing(work)).toMatchObject({ code: "platform-protocol-error" });
  });

  it("that sends byte by byte for ever is disconnected", async () => {
    const slow = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.write("+OK ");
      const clock = setInterval(() => socket.write("."), 20);
      socket.on("close", () => clearInterval(clock));
    });
    await new Promise<void>((resolve) => slow.listen(0, "127.0.0.1", () => resolve()));
    ends.push(() => new Promise((resolve) => slow.close(resolve)));
    const { port } = slow.address() as { port: number };
    expect(await failing(open(port, { timeouts: hasty }))).toMatchObject({ code: "ETIMEDOUT" });
  });
});
