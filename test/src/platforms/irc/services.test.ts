import { afterEach, describe, expect, it } from "vitest";
import { type IrcAccount, type IrcAccountOptions, ircAccount } from "../../../support/irc-account.ts";
import { type IrcResponder, type ScriptedIrc, scriptedIrc } from "../../../support/scripted-irc.ts";

const servers: ScriptedIrc[] = [];
const accounts: IrcAccount[] = [];
afterEach(async () => {
  await Promise.all(accounts.splice(0).map((account) => account.close()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function connectScripted(script: IrcResponder, options: Partial<IrcAccountOptions> = {}) {
  const server = await scriptedIrc(script);
  servers.push(server);
  const account = await ircAccount({ port: server.port, ...options });
  accounts.push(account);
  return { server, account };
}

describe("a CTCP request", () => {
  const asking =
    (...requests: readonly string[]): IrcResponder =>
    (line, respond) => {
      if (line !== "WHOIS start") return undefined;
      for (const request of requests) respond(request);
      respond(":srv 318 bob start :End");
      return "done";
    };
  const answers = (server: ScriptedIrc) => server.commands().filter((line) => line.startsWith("NOTICE "));

  it("is answered: VERSION, PING and CLIENTINFO, and others are not", async () => {
    const from = ":alice!a@h PRIVMSG bob :";
    const { server, account } = await connectScripted(
      asking(`${from}\u0001VERSION\u0001`, `${from}\u0001PING 12 34\u0001`, `${from}\u0001DCC SEND x\u0001`),
    );
    await account.run("query", "start", { type: "person" });
    await expect
      .poll(() => answers(server))
      .toEqual(["NOTICE alice :\u0001VERSION Dragoman\u0001", "NOTICE alice :\u0001PING 12 34\u0001"]);
    expect(account.connectionContext.arrivals).toEqual([]);
  });

  it("is not answered in channels, to a bouncer's repetition, or in a flood", async () => {
    const flood = Array.from({ length: 50 }, () => ":eve!e@h PRIVMSG bob :\u0001VERSION\u0001");
    const { server, account } = await connectScripted(
      asking(
        ":alice!a@h PRIVMSG #room :\u0001VERSION\u0001",
        "@time=2020-01-01T00:00:00.000Z :alice!a@h PRIVMSG bob :\u0001VERSION\u0001",
        ...flood,
      ),
    );
    await account.run("query", "start", { type: "person" });
    await expect.poll(() => answers(server).length).toBe(3);
    expect(answers(server).every((line) => line.startsWith("NOTICE eve "))).toBe(true);
  });
});

describe("a nick that the network's services take away", () => {
  it("is asked for again", async () => {
    let forced = false;
    const { account } = await connectScripted(
      (line, respond) => {
        if (line === "WHOIS start" && !forced) {
          forced = true;
          respond(":bob!b@h NICK Guest42");
          respond(":srv 318 Guest42 start :End");
          return "done";
        }
        if (line !== "NICK bob" || !forced) return undefined;
        respond(":Guest42!b@h NICK bob");
        return "done";
      },
      { timeouts: { regainMs: 20 } },
    );
    await account.run("query", "start", { type: "person" });
    await expect.poll(() => account.nick()).toBe("bob");
  });
});

describe("a channel that refuses the account after a reconnect", () => {
  it("is tried again, and reported when it lets the account in", async () => {
    let joins = 0;
    const script: IrcResponder = (line, respond) => {
      if (!line.startsWith("JOIN #full")) return undefined;
      joins += 1;
      respond(joins === 2 || joins === 3 ? ":srv 471 bob #full :Cannot join channel (+l)" : ":bob!b@h JOIN #full");
      return "done";
    };
    const { server, account } = await connectScripted(script);
    await account.run("join", "#full", {});
    const next = await ircAccount({ port: server.port, after: account, timeouts: { rejoinMs: 20 } });
    accounts.push(next);
    const left = await next.connectionContext.arrived(({ event }) => event.verb === "leave");
    expect(left.event).toMatchObject({ object: { cause: "refused" }, context: { id: "#full" }, self: true });
    const joined = await next.connectionContext.arrived(({ event }) => event.verb === "join");
    expect(joined.event).toMatchObject({ context: { type: "room", id: "#full" }, self: true });
    expect(joins).toBe(4);
    expect(next.connectionContext.arrivals).toHaveLength(2);
  });
});
