import { afterEach, describe, expect, it } from "vitest";
import { type IrcAccount, type IrcAccountOptions, ircAccount } from "../../../support/irc-account.ts";
import { type IrcResponder, type ScriptedIrc, scriptedIrc } from "../../../support/scripted-irc.ts";

const servers: ScriptedIrc[] = [];
const accounts: IrcAccount[] = [];
afterEach(async () => {
  await Promise.all(accounts.splice(0).map((account) => account.close()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function script(answers: IrcResponder): Promise<ScriptedIrc> {
  const server = await scriptedIrc(answers);
  servers.push(server);
  return server;
}
async function account(options: IrcAccountOptions): Promise<IrcAccount> {
  const connected = await ircAccount(options);
  accounts.push(connected);
  return connected;
}

/** ZNC's capabilities, and lines said after the login. */
const znc =
  (answer: (line: string, say: (line: string) => void) => boolean, history: readonly string[] = []): IrcResponder =>
  (line, say) => {
    if (line === "CAP LS 302") say(":irc.znc.in CAP * LS :znc.in/self-message echo-message server-time");
    else if (line.startsWith("CAP REQ")) say(":irc.znc.in CAP * ACK :echo-message server-time");
    else if (line === "CAP END") for (const text of ["001 bob :Hi", "422 bob :No MOTD"]) say(`:srv ${text}`);
    else if (line.startsWith("USER")) return "done";
    else if (!answer(line, say)) return undefined;
    if (line === "CAP END") for (const text of history) say(text);
    return "done";
  };

describe("a bouncer", () => {
  it("confirms a message itself, and a late refusal of the network is a failed receipt", async () => {
    let refuse: () => void = () => undefined;
    const { port } = await script(
      znc((line, say) => {
        if (!line.startsWith("PRIVMSG")) return false;
        say(`:bob!b@h ${line}`);
        refuse = () => say(":srv 401 bob nobody :No such nick/channel");
        return true;
      }),
    );
    const bob = await account({ port });
    const commits: unknown[] = [];
    const commit = async (options?: unknown) => void commits.push(options);
    const receipt = await bob.run("send", "nobody", { body: "hello" }, { commit });
    expect(receipt).toMatchObject({ outcomes: [{ status: "sent" }], object: { proof: "bouncer" } });
    expect(commits).toEqual([{ receiptTtlSeconds: 300 }]);
    refuse();
    expect(await bob.connectionContext.reported(({ status }) => status === "failed")).toMatchObject({
      id: "01TEST",
      target: "nobody",
      error: { code: "recipient-unknown" },
    });
    refuse();
    await bob.run("query", [], { type: "rooms" });
    expect(bob.connectionContext.reports).toHaveLength(1);
  });

  it("repeats its kept lines, which are reported once; equal lines are two", async () => {
    const history = [
      "@time=2026-01-01T10:00:00.000Z :alice!a@h PRIVMSG #room :one",
      "@time=2026-01-01T10:00:00.000Z :alice!a@h PRIVMSG #room :one",
      "@time=2026-01-01T10:00:00.001Z :alice!a@h PRIVMSG bob :private one",
    ];
    let connects = 0;
    const { port } = await script((line, say, socket) => {
      if (line !== "CAP END") return znc(() => false)(line, say, socket);
      connects += 1;
      return znc(() => false, [...history, `:alice!a@h PRIVMSG bob :fresh ${connects}`])(line, say, socket);
    });
    const bodiesOf = async (after?: IrcAccount) => {
      const bob = await account({ port, ...(after ? { after } : {}) });
      await bob.connectionContext.arrived(({ event }) => String(event.object.body).startsWith("fresh"));
      return { bob, bodies: bob.connectionContext.arrivals.map(({ event }) => event.object.body) };
    };
    const first = await bodiesOf();
    expect(first.bodies).toEqual(["one", "one", "private one", "fresh 1"]);
    expect(first.bob.connectionContext.arrivals[0]?.event.published).toBe("2026-01-01T10:00:00.000Z");
    const second = await bodiesOf(first.bob);
    expect(second.bodies).toEqual(["fresh 2"]);
  });

  it("such as soju plays history in batches, whose lines are reported once and in order", async () => {
    const lines = ["one", "two", "two", "three"].map(
      (text, second) => `time=2026-01-01T10:00:0${Math.min(second, 1)}.000Z :alice!a@h PRIVMSG #room :${text}`,
    );
    let connects = 0;
    const { port } = await script((line, say) => {
      if (line === "CAP LS 302") say(":soju CAP * LS :soju.im/bouncer-networks=x batch server-time echo-message");
      else if (line.startsWith("CAP REQ")) say(":soju CAP * ACK :batch echo-message server-time");
      else if (line === "CAP END") {
        connects += 1;
        for (const text of ["001 bob :Hi", "422 bob :No MOTD"]) say(`:soju ${text}`);
        say(":soju BATCH +h chathistory #room");
        // The second time, the last line of the first and one more.
        for (const text of connects === 1 ? lines.slice(0, 3) : lines) say(`@batch=h;${text}`);
        say(":soju BATCH -h");
        say(`:alice!a@h PRIVMSG bob :fresh ${connects}`);
      } else if (line.startsWith("PRIVMSG")) say(`:bob!b@h ${line}`);
      else return line.startsWith("USER") ? "done" : undefined;
      return "done";
    });
    const first = await account({ port });
    await first.connectionContext.arrived(({ event }) => event.object.body === "fresh 1");
    const receipt = await first.run("send", "alice", { body: "hello" });
    expect(receipt.object).toMatchObject({ proof: "bouncer" });
    const second = await account({ port, after: first });
    await second.connectionContext.arrived(({ event }) => event.object.body === "fresh 2");
    const bodies = [first, second].map(({ connectionContext }) =>
      connectionContext.arrivals.map(({ event }) => event.object.body),
    );
    expect(bodies).toEqual([
      ["one", "two", "two", "fresh 1"],
      ["three", "fresh 2"],
    ]);
  });
});

describe("a join", () => {
  const forwarding: IrcResponder = (line, say) => {
    if (!line.startsWith("JOIN #over")) return undefined;
    say(":srv 470 bob #over ##over :Forwarding to another channel");
    say(":bob!b@h JOIN ##over");
    return "done";
  };

  it("that the network forwards is sent, names the other channel and keeps that one", async () => {
    const { port, commands } = await script(forwarding);
    const bob = await account({ port });
    expect(await bob.run("join", "#over", {})).toEqual({
      outcomes: [{ address: "#over", status: "sent" }],
      object: { type: "collection", items: [{ type: "room", address: "##over" }] },
    });
    expect(bob.connectionContext.stored).toEqual({ "room:##over": "##over" });
    const next = await account({ port, after: bob });
    expect(commands().at(-1)).toBe("JOIN ##over");
    expect(next.connectionContext.arrivals).toEqual([]);
  });

  it("of a stored channel that forwards later is followed at the reconnect", async () => {
    let forwards = false;
    const { port } = await script((line, say, socket) => (forwards ? forwarding(line, say, socket) : undefined));
    const bob = await account({ port });
    await bob.run("join", "#over", {});
    expect(bob.connectionContext.stored).toEqual({ "room:#over": "#over" });
    forwards = true;
    const next = await account({ port, after: bob });
    expect(next.connectionContext.stored).toEqual({ "room:##over": "##over" });
    expect(next.connectionContext.arrivals).toEqual([]);
  });

  it.each([
    ["a refusal about somebody else", ":srv 401 bob carol :No such nick/channel"],
    ["a warning about another command", ":srv 421 bob WATCH :Unknown command"],
    ["a warning about the channel itself", ":srv 477 bob #room :You should register your nick"],
  ])("succeeds in spite of %s", async (_what, refusal) => {
    const { port } = await script((line, say) => {
      if (!line.startsWith("JOIN #room")) return undefined;
      say(refusal);
      say(":bob!b@h JOIN #room");
      return "done";
    });
    const bob = await account({ port });
    expect((await bob.run("join", "#room", {})).outcomes).toEqual([{ address: "#room", status: "sent" }]);
  });
});

describe("odd messages", () => {
  it("are parsed by common practice", async () => {
    const { port } = await script((line, say) => {
      if (!line.startsWith("USER")) return undefined;
      for (const text of [
        ":srv 001 bob :Hi",
        ":srv 005 bob STATUSMSG=@+ CHANTYPES=# PREFIX=(ov)@+ :are supported",
        ":srv 422 bob :No MOTD",
        ":alice!a@h PRIVMSG bob :\u0001ACTION waves",
        ":localhost NOTICE bob :a server's notice",
        ":alice!a@h PRIVMSG bob :\u0001VERSION",
        ":alice!a@h PRIVMSG @#ops :to the operators",
        ":alice!a@h PRIVMSG bob :the end",
      ])
        say(text);
      return "done";
    });
    const bob = await account({ port });
    await bob.connectionContext.arrived(({ event }) => event.object.body === "the end");
    expect(
      bob.connectionContext.arrivals.map(({ event }) => [event.object.type, event.object.body, event.context?.id]),
    ).toEqual([
      ["action", "waves", "alice"],
      ["message", "to the operators", "#ops"],
      ["message", "the end", "alice"],
    ]);
  });

  it("are sent to nicks that begin with a digit, to services and to a channel's operators", async () => {
    const { port, commands } = await script(() => undefined);
    const bob = await account({ port });
    for (const target of ["42alice", "NickServ@services.example.net", "@#ops"])
      expect((await bob.run("send", target, { body: "hi" })).outcomes).toMatchObject([{ status: "sent" }]);
    expect(commands()).toEqual([
      "PRIVMSG 42alice :hi",
      "PRIVMSG NickServ@services.example.net :hi",
      "PRIVMSG @#ops :hi",
    ]);
  });
});
