import { once } from "node:events";
import type { Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { Failure } from "../../../../src/model/failure.ts";
import { type IrcAccount, type IrcAccountOptions, ircAccount } from "../../../support/irc-account.ts";
import { type IrcResponder, type ScriptedIrc, scriptedIrc } from "../../../support/scripted-irc.ts";

setFlagsFromString("--expose-gc");

const open: Array<{ readonly close: () => Promise<void> }> = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((resource) => resource.close()));
});

async function script(answers?: IrcResponder): Promise<ScriptedIrc> {
  const server = await scriptedIrc(answers);
  open.push({ close: server.stop });
  return server;
}

async function account(options: IrcAccountOptions): Promise<IrcAccount> {
  const connected = await ircAccount(options);
  open.push(connected);
  return connected;
}

const refusal = (options: IrcAccountOptions) =>
  account(options).then(
    () => Promise.reject(new Error("It was let in")),
    (thrown: unknown) => thrown as Failure,
  );

/** Server that sends these lines in place of the welcome. */
const greeting =
  (...replies: readonly string[]): IrcResponder =>
  (line, respond, socket) => {
    if (!line.startsWith("USER")) return undefined;
    for (const reply of replies) respond(reply);
    if (replies.some((reply) => reply.startsWith("ERROR"))) socket.end();
    return "done";
  };

/** A server that offers SASL and answers the login with this numeric. */
const sasl =
  (numeric: string, offer = "sasl"): IrcResponder =>
  (line, respond) => {
    if (line === "CAP LS 302") respond(`:srv CAP * LS :${offer}`);
    else if (line.startsWith("CAP REQ")) respond(`:srv CAP * ACK :${offer}`);
    else if (line === "AUTHENTICATE PLAIN") respond("AUTHENTICATE +");
    else if (line.startsWith("AUTHENTICATE ") && numeric === "903") {
      respond(":srv 900 bob bob!b@h bob :You are now logged in");
      respond(":srv 903 bob :Success");
    } else if (line.startsWith("AUTHENTICATE ")) respond(`:srv ${numeric} bob :Refused, you said secret-4711`);
    else if (line.startsWith("USER") && offer !== "") return "done";
    else if (line === "CAP END" && numeric === "903")
      for (const reply of ["001", "422"]) respond(`:srv ${reply} bob :Hi`);
    else if (!line.startsWith("CAP")) return undefined;
    return "done";
  };
const login = { sasl: { account: "bob", password: "secret-4711" } };

describe("the login", () => {
  it("uses SASL where the account has credentials", async () => {
    const { port, bytes } = await script(sasl("903"));
    await account({ port, credentials: login });
    expect(bytes().toString()).toContain(`AUTHENTICATE ${Buffer.from("bob\0bob\0secret-4711").toString("base64")}\r\n`);
  });

  it.each(["902", "904", "905"])("is final when refused (%s), without repeating the password", async (numeric) => {
    const { port } = await script(sasl(numeric));
    const failure = await refusal({ port, credentials: login });
    expect(failure).toMatchObject({ kind: "auth", code: "credentials-invalid" });
    expect(`${failure.message} ${failure.platformCode}`).not.toContain("secret-4711");
  });

  it("is retried while the server offers no SASL", async () => {
    const { port, bytes } = await script(sasl("", ""));
    // The network's services may be unavailable for a moment, which must not ask users for their passwords.
    expect(await refusal({ port, credentials: login })).toMatchObject({
      kind: "retryable",
      code: "platform-unavailable",
      message: expect.stringContaining("SASL"),
    });
    expect(bytes().toString()).not.toContain("AUTHENTICATE");
  });

  it.each([
    [[":srv 464 bob :Password incorrect: secret-4711"], "auth", "credentials-invalid"],
    [[":srv 465 bob :You are banned"], "permanent", "account-restricted"],
    [[":srv 432 bob bob :Erroneous nickname"], "permanent", "platform-rejected"],
    [["ERROR :Closing Link: h (K-Lined)"], "permanent", "platform-rejected"],
    [["ERROR :Closing Link: h (Throttled: Reconnecting too fast)"], "rate-limited", "platform-rate-limited"],
    [["ERROR :Closing Link: h (Bad password)"], "auth", "credentials-invalid"],
    [["ERROR :Closing Link: banned.limit.example (Ping timeout)"], "retryable", "platform-unavailable"],
  ])("classifies %j", async (replies, kind, code) => {
    const { port } = await script(greeting(...replies));
    const failure = await refusal({ port, credentials: { password: "secret-4711" }, timeouts: { confirmMs: 1 } });
    expect(failure).toMatchObject({ kind, code });
    expect(failure.platformCode ?? "").not.toContain("secret-4711");
  });

  it("is retried after one ERROR, which has no defined reasons", async () => {
    let refusals = 0;
    const server = await script((line, respond, socket) => {
      if (!line.startsWith("USER") || refusals === 1) return undefined;
      refusals += 1;
      respond("ERROR :Closing Link: h (Access denied)");
      socket.end();
      return "done";
    });
    await account({ port: server.port, credentials: { password: "secret-4711" }, timeouts: { confirmMs: 1 } });
    expect(server.connections()).toBe(2);
  });

  it.each([
    [":srv 464 bob :Password required", {}],
    [":srv 465 bob :You are banned: too many connections", { password: "secret-4711" }],
  ])("is not final when refused with %s", async (words, credentials) => {
    const { port } = await script(greeting(words));
    expect((await refusal({ port, credentials })).code).toMatch(/^platform-(rejected|rate-limited)$/);
  });

  it("gives up when every similar nick is taken", async () => {
    const { port, bytes } = await script((line, respond) => {
      if (!line.startsWith("NICK")) return line.startsWith("USER") ? "done" : undefined;
      respond(`:srv 433 * ${line.slice(5)} :Nickname is already in use`);
      return "done";
    });
    expect(await refusal({ port })).toMatchObject({ kind: "permanent", code: "nick-in-use" });
    expect(bytes().toString().match(/NICK /g)).toHaveLength(7);
  });

  it("times out on a silent server and closes the socket", async () => {
    let client: Socket | undefined;
    const { port } = await script((_line, respond, socket) => {
      client = socket;
      respond(":srv NOTICE * :Looking up your hostname");
      return "done";
    });
    expect(await refusal({ port, timeouts: { registerMs: 100 } })).toMatchObject({
      kind: "retryable",
      code: "platform-timeout",
    });
    if (client && !client.closed) await once(client, "close");
  });

  it("is aborted by the signal", async () => {
    const { port } = await script(() => "done");
    const stop = new AbortController();
    const failing = refusal({ port, connectionContext: { signal: stop.signal } });
    setTimeout(() => stop.abort(new Failure({ kind: "permanent", code: "abandoned", detail: "Not wanted." })), 20);
    expect(await failing).toMatchObject({ code: "abandoned" });
  });

  it("sends nothing to a server without TLS where TLS is required", async () => {
    const { port, bytes } = await script();
    const failure = await refusal({
      port,
      credentials: { tls: "implicit", password: "secret-4711" },
      timeouts: { connectMs: 200 },
    });
    expect(failure).toBeInstanceOf(Failure);
    expect(bytes().toString("latin1")).not.toMatch(/secret-4711|NICK|CAP/);
  });
});

describe("a hostile server", () => {
  const lines = (lineAt: (at: number) => string) => Array.from({ length: 30_000 }, (_, at) => lineAt(at));
  const long = "x".repeat(300);
  const welcome = [":srv 001 bob :Hi", ":srv 422 bob :No MOTD"];

  /** Welcomes, and says `words` a moment later. */
  const then =
    (flood: string): IrcResponder =>
    (line, respond, socket) => {
      if (!line.startsWith("USER")) return undefined;
      for (const reply of welcome) respond(reply);
      setTimeout(() => socket.write(flood), 20);
      return "done";
    };

  it.each<[string, string[]]>([
    ["capabilities", lines((at) => `:srv CAP * NEW :cap${at}=${long}`)],
    ["features", lines((at) => `:srv 005 bob F${at}=${long} :are supported`)],
    ["batches", lines((at) => `BATCH +b${at}${long} netsplit`)],
    ["lines of a batch", ["BATCH +b x", ...lines((at) => `@batch=b :a!b@c QUIT :${at}${long}`)]],
    ["names and lists", lines((at) => `:srv 353 bob = #r${at} :${long}`)],
    ["facts about people", lines((at) => `:srv 311 bob n${at} u h * :${long}`)],
    ["rooms we never joined", lines((at) => `:bob!b@h JOIN #r${at}${long}`)],
    ["messages of the day", lines((at) => `:srv 372 bob :- ${at} ${long}`)],
  ])("can't fill memory with %s", async (_what, flood) => {
    let notify: () => void = () => undefined;
    const end = new Promise<void>((resolve) => {
      notify = resolve;
    });
    const { port } = await script(then(`${flood.join("\r\n")}\r\n:alice!a@h PRIVMSG bob :the end\r\n`));
    const before = heapInUse();
    await account({
      port,
      connectionContext: {
        record: async ({ event }) => {
          if (event.object.body === "the end") notify();
          return "new";
        },
      },
    });
    await end;
    // Ten megabytes were said.
    expect(heapInUse() - before).toBeLessThan(4_000_000);
  });

  it.each([
    ["never ends a line", "x".repeat(100_000)],
    ["talks nonsense without end", "PRIVMSG\r\n".repeat(5_000)],
  ])("is disconnected when it %s", async (_what, flood) => {
    const { port } = await script(then(flood));
    const connected = await account({ port });
    const thrown = await connected.connectionContext.ended;
    expect(thrown).toMatchObject({ code: "IRC_LINE" });
  });

  it("is not read while its events can't be recorded", async () => {
    let release: () => void = () => undefined;
    const stored = new Promise<void>((resolve) => {
      release = resolve;
    });
    let flood: Socket | undefined;
    const { port } = await script((line, respond, socket) => {
      if (!line.startsWith("USER")) return undefined;
      for (const reply of welcome) respond(reply);
      flood = socket;
      return "done";
    });
    const bodies: string[] = [];
    const connected = await account({
      port,
      connectionContext: {
        record: async ({ event }) => {
          await stored;
          bodies.push(String(event.object.body));
          return "new";
        },
      },
    });
    const total = 40_000;
    for (let at = 0; at < total; at++) flood?.write(`:alice!a@h PRIVMSG bob :${at} ${"x".repeat(300)}\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    // The kernel holds some megabytes; the rest has to wait with the server.
    expect(flood?.writableLength).toBeGreaterThan(2_000_000);
    release();
    await expect.poll(() => bodies.length, { timeout: 20_000 }).toBe(total);
    expect(bodies.every((body, at) => body.startsWith(`${at} `))).toBe(true);
    await connected.close();
  });

  it("gets QUIT at a handover, and lines received by then are recorded", async () => {
    const { port, bytes } = await script((line, respond, socket) => {
      if (line === "QUIT") {
        respond(":alice!a@h PRIVMSG bob :just in time");
        socket.end();
        return "done";
      }
      return undefined;
    });
    const connected = await account({ port });
    await connected.close();
    expect(bytes().toString().endsWith("QUIT\r\n")).toBe(true);
    expect(connected.connectionContext.arrivals.map(({ event }) => event.object.body)).toEqual(["just in time"]);
  });

  it("loses and doubles no event while Redis is away", async () => {
    const { port } = await script((line, respond) => {
      if (!line.startsWith("USER")) return undefined;
      for (const reply of [...welcome, ":a!b@c PRIVMSG bob :1", ":a!b@c PRIVMSG bob :2"]) respond(reply);
      return "done";
    });
    const got: unknown[] = [];
    let away = 2;
    await account({
      port,
      connectionContext: {
        record: async ({ event }) => {
          if (away-- > 0) throw new Error("Redis is away");
          got.push(event.object.body);
          return "new";
        },
      },
    });
    await expect.poll(() => got).toEqual(["1", "2"]);
  });

  it("is pinged when silent, and disconnected without an answer", async () => {
    const { port } = await script((line) => (line.startsWith("PING") ? "done" : undefined));
    const connected = await account({ port, timeouts: { idleMs: 50 } });
    expect(await connected.connectionContext.ended).toMatchObject({ code: "ETIMEDOUT" });
  });
});

describe("send", () => {
  const after =
    (action: (socket: Socket) => void): IrcResponder =>
    (line, _say, socket) => {
      if (!line.startsWith("PRIVMSG")) return undefined;
      action(socket);
      return "done";
    };

  it("ends unknown when the connection breaks after the text was sent", async () => {
    const { port } = await script(after((socket) => socket.destroy()));
    const connected = await account({ port });
    const { outcomes } = await connected.run("send", "alice", { body: "lost?" });
    expect(outcomes).toMatchObject([{ status: "unknown", error: { code: "outcome-unknown" } }]);
    expect(await connected.connectionContext.ended).toBeInstanceOf(Error);
  });

  it("ends unknown when the server does not answer, and the connection is ended", async () => {
    const { port } = await script((line) => (/^(PRIVMSG|PING)/.test(line) ? "done" : undefined));
    const connected = await account({ port, timeouts: { responseMs: 100 } });
    const { outcomes } = await connected.run("send", ["alice", "carol"], { body: "lost?" });
    expect(outcomes).toMatchObject([{ status: "unknown" }, { status: "deferred" }]);
    expect(await connected.connectionContext.ended).toMatchObject({ code: "ETIMEDOUT" });
  });

  it("writes nothing when the commit is refused, and the next activity is sent", async () => {
    const { port, commands } = await script();
    const connected = await account({ port });
    const refused = new Failure({ kind: "permanent", code: "abandoned", detail: "Cancelled meanwhile." });
    const work: ReadonlyArray<[string, string | readonly string[], object]> = [
      ["send", "alice", { body: "no" }],
      ["join", "#no", {}],
      ["leave", "#no", {}],
      ["kick", "#no", { address: "alice" }],
      ["invite", "alice", { address: "#no" }],
      ["update", "#no", { type: "topic", body: "no" }],
      ["update", [], { type: "profile", name: "no" }],
    ];
    for (const [verb, target, object] of work) {
      const doing = connected.run(verb, target, { ...object }, { commit: () => Promise.reject(refused) });
      await expect(doing).rejects.toBe(refused);
    }
    await connected.run("send", "alice", { body: "yes" });
    expect(commands()).toEqual(["PRIVMSG alice :yes"]);
  });

  it("commits once before the first byte, and sends to pending targets only", async () => {
    const { port, commands } = await script();
    const connected = await account({ port });
    const before: number[] = [];
    const commit = async () => void before.push(commands().length);
    const { outcomes } = await connected.run("send", ["a", "b", "c"], { body: "hi" }, { commit, pending: [1, 2] });
    expect(outcomes.map(({ address }) => address)).toEqual(["b", "c"]);
    expect(before).toEqual([0]);
    expect(commands()).toEqual(["PRIVMSG b :hi", "PRIVMSG c :hi"]);
  });

  it("defers a temporary refusal, but never repeats a text of which parts were taken", async () => {
    const { port } = await script((line, respond) => {
      if (!line.startsWith("PRIVMSG")) return undefined;
      if (line.endsWith("two")) respond(":srv 439 bob alice :Target change too fast");
      return "done";
    });
    const connected = await account({ port });
    expect((await connected.run("send", "alice", { body: "two" })).outcomes).toMatchObject([
      { status: "deferred", retryAfterMs: 30_000 },
    ]);
    expect((await connected.run("send", "alice", { body: "one\ntwo" })).outcomes).toMatchObject([
      { status: "unknown" },
    ]);
  });
});

describe("an account", () => {
  it("records its messages of other clients as self, but not its own activities", async () => {
    const { port } = await script((line, respond) => {
      if (line === "CAP LS 302") respond(":srv CAP * LS :echo-message");
      else if (line.startsWith("CAP REQ")) respond(":srv CAP * ACK :echo-message");
      else if (line === "PRIVMSG alice :from here") {
        respond(":bob!b@h PRIVMSG alice :from my phone");
        respond(":bob!b@h PRIVMSG alice :from here");
      } else return undefined;
      return "done";
    });
    const connected = await account({ port });
    const { object } = await connected.run("send", "alice", { body: "from here" });
    expect(object).toMatchObject({ proof: "echo" });
    expect(connected.connectionContext.arrivals.map(({ event }) => event)).toMatchObject([
      { object: { body: "from my phone" }, self: true, context: { type: "direct", id: "alice" } },
    ]);
  });

  it("drops a changed nick when the account is stored with another nick", async () => {
    const { port, commands } = await script((line, respond) => {
      if (line.startsWith("NICK other")) respond(":bob!b@h NICK other");
      return undefined;
    });
    const connected = await account({ port });
    await connected.run("update", [], { type: "profile", name: "other" });
    await account({ port, after: connected });
    await account({ port, after: connected, credentials: { nick: "third" } });
    expect(commands()).toEqual(["NICK other", "NICK other", "NICK third"]);
  });
});

const collect = runInNewContext("gc") as () => void;
function heapInUse(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
