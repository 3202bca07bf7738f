import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Failure } from "../../../../src/model/failure.ts";
import type { InboundEvent, Receipt } from "../../../../src/platform/platform.ts";
import { inspircd } from "../../../support/inspircd.ts";
import { type IrcAccount, type IrcAccountOptions, ircAccount } from "../../../support/irc-account.ts";
import { type IrcPeer, ircPeer } from "../../../support/irc-peer.ts";
import type { IrcServer } from "../../../support/irc-process.ts";
import { ngircd } from "../../../support/ngircd.ts";

const PASSWORD = "server-pw";
const statuses = ({ outcomes }: Receipt) => outcomes.map(({ status, error }) => error?.code ?? status);
const isSaid = (text: string) => (line: string) => line.endsWith(` :${text}`);

/** The same tests for a server without IRCv3 and for a server with full IRCv3. */
describe.each([
  { kind: "ngIRCd", start: ngircd, echoes: false },
  { kind: "InspIRCd", start: inspircd, echoes: true },
])("IRC on $kind", { timeout: 30_000 }, ({ start, echoes }) => {
  let server: IrcServer;
  let peer: IrcPeer;
  const open: IrcAccount[] = [];
  const bob = async (options: Partial<IrcAccountOptions> = {}): Promise<IrcAccount> => {
    const credentials = { password: PASSWORD, ...options.credentials };
    const account = await ircAccount({ port: server.port, ...options, credentials });
    open.push(account);
    return account;
  };

  beforeAll(async () => {
    server = await start({ password: PASSWORD });
    peer = await ircPeer(server.port, "alice", PASSWORD);
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((account) => account.close()));
  });
  afterAll(async () => {
    await peer.close();
    await server.stop();
  });

  it("sends to channels and persons, with a proof that the server took the text", async () => {
    await peer.send("JOIN #say");
    const account = await bob();
    expect(statuses(await account.run("join", "#say", {}))).toEqual(["sent"]);
    const receipt = await account.run("send", ["#say", "alice"], { body: "Grüße 🎉" });
    expect(statuses(receipt)).toEqual(["sent", "sent"]);
    expect(receipt.object).toMatchObject({ proof: echoes ? "echo" : "answer", parts: [{ body: "Grüße 🎉" }] });
    for (const { id } of receipt.outcomes) expect(id !== undefined).toBe(echoes);
    await peer.waitFor((line) => line.endsWith(" PRIVMSG #say :Grüße 🎉"));
    await peer.waitFor((line) => line.endsWith(" PRIVMSG alice :Grüße 🎉"));
    await account.run("send", "alice", { body: "waves", type: "action" });
    await peer.waitFor((line) => line.endsWith(" PRIVMSG alice :\u0001ACTION waves\u0001"));
    await account.run("send", "alice", { body: "fyi", type: "notice" });
    await peer.waitFor((line) => line.endsWith(" NOTICE alice :fyi"));
    expect(account.connectionContext.arrivals.filter(({ event }) => event.verb === "send")).toEqual([]);
    await peer.send("PART #say");
  });

  it("converts HTML and Markdown to formatting characters, and arriving ones to HTML", async () => {
    const account = await bob();
    const html = '<p>a <b>big</b> <a href="https://a.example/">site</a></p>';
    const { object } = await account.run("send", "alice", { html });
    expect(object).toMatchObject({ parts: [{ body: "a big site (https://a.example/)" }] });
    await peer.waitFor(isSaid("a \u0002big\u000f site (https://a.example/)"));
    await account.run("send", "alice", { markdown: "*so* `code`" });
    await peer.waitFor(isSaid("\u001dso\u000f \u0011code\u000f"));
    await peer.send(`PRIVMSG ${account.nick()} :a \u0002big\u0002 \u001dthing\u000f \u00034red`);
    const { event } = await account.connectionContext.arrived(
      (arrival) => arrival.event.object.body === "a big thing red",
    );
    expect(event.object.html).toBe("<p>a <strong>big</strong> <em>thing</em> red</p>");
  });

  it("splits long text and lines into parts that arrive in order", async () => {
    const account = await bob();
    const text = `first\n\n  \n${"ä€🎉 ".repeat(150)}\r\nlast of all`;
    const { object, outcomes } = await account.run("send", "alice", { body: text });
    const parts = ((object?.parts ?? []) as Array<{ readonly body: string }>).map(({ body }) => body);
    expect(statuses({ outcomes })).toEqual(["sent"]);
    expect(parts.length).toBeGreaterThan(5);
    await peer.waitFor(isSaid("last of all"));
    const got = peer.lines
      .filter((line) => line.includes(" PRIVMSG alice :"))
      .map((line) => line.split(" PRIVMSG alice :")[1]);
    expect(got.slice(-parts.length)).toEqual(parts);
  });

  it("reports refusals per target and stays connected", async () => {
    const account = await bob();
    const receipt = await account.run("send", ["nobody", "alice", "#nowhere"], { body: "hello there" });
    expect(statuses(receipt)).toEqual(["recipient-unknown", "sent", "recipient-unknown"]);
    expect(statuses(await account.run("send", "nobody", { body: "x", type: "notice" }))).toEqual(["recipient-unknown"]);
    await peer.send("JOIN #shut");
    await peer.send("MODE #shut +n");
    expect(statuses(await account.run("send", "#shut", { body: "x" }))).toEqual(["room-refused"]);
    await peer.send("MODE #shut +k open-sesame");
    expect(statuses(await account.run("join", "#shut", {}))).toEqual(["room-refused"]);
    expect(account.connectionContext.stored).toEqual({});
    expect(statuses(await account.run("join", "#shut", { password: "open-sesame" }))).toEqual(["sent"]);
    expect(statuses(await account.run("kick", "#shut", { address: "alice" }))).toEqual(["permission-denied"]);
    expect(statuses(await account.run("update", "#shut", { type: "topic", body: "mine" }))).toEqual(
      echoes ? ["permission-denied"] : expect.any(Array),
    );
    expect(statuses(await account.run("leave", ["#shut", "#never-there"], {}))).toEqual(["sent", "sent"]);
    expect(statuses(await account.run("send", "alice", { body: "still here" }))).toEqual(["sent"]);
    await peer.send("PART #shut");
  });

  it("records events in order, each once", async () => {
    const account = await bob();
    await account.run("join", "#in", {});
    const carol = await ircPeer(server.port, "carol", PASSWORD);
    for (const line of [
      "JOIN #in",
      "PRIVMSG #in :to all",
      "PRIVMSG bob :to you",
      "PRIVMSG bob :to you",
      "PRIVMSG #in :\u0001ACTION nods\u0001",
      "NOTICE bob :by the way",
    ])
      await carol.send(line);
    await account.run("update", "#in", { type: "topic", body: "not told to the one who did it" });
    await peer.send("JOIN #in");
    await carol.send("PART #in :bye");
    await carol.send("NICK caroline");
    await carol.close();
    await peer.send("PRIVMSG bob :the end");
    await account.connectionContext.arrived(({ event }) => event.object.body === "the end");
    const arrivals = account.connectionContext.arrivals.map(({ event: { verb, actor, object, context, self } }) => [
      verb,
      actor.address,
      object.type,
      object.body ?? object.reason,
      context?.type,
      context?.id,
      self,
    ]);
    expect(arrivals.filter(([verb]) => verb !== "leave" || arrivals.length < 12)).toEqual(
      [
        ["join", "carol", "room", undefined, "room", "#in", false],
        ["send", "carol", "message", "to all", "room", "#in", false],
        ["send", "carol", "message", "to you", "direct", "carol", false],
        ["send", "carol", "message", "to you", "direct", "carol", false],
        ["send", "carol", "action", "nods", "room", "#in", false],
        ["send", "carol", "notice", "by the way", "direct", "carol", false],
        ["join", "alice", "room", undefined, "room", "#in", false],
        ["leave", "carol", "room", expect.stringMatching(/bye/), "room", "#in", false],
        ["send", "alice", "message", "the end", "direct", "alice", false],
      ].filter(([verb]) => verb !== "leave" || arrivals.length < 12),
    );
    expect(new Set(account.connectionContext.arrivals.map(({ key }) => key)).size).toBe(arrivals.length);
    const direct = account.connectionContext.arrivals.find(
      ({ event }) => event.object.body === "to you",
    ) as InboundEvent;
    expect(direct.event).toMatchObject({
      target: [{ address: "bob@test" }],
      actor: { id: expect.stringMatching(/^carol!/) },
    });
    expect(direct.event.id !== undefined).toBe(echoes);
    await peer.send("PART #in");
  });

  it("records topics, kicks, invitations and new nicks", async () => {
    const account = await bob();
    await peer.send("JOIN #deeds");
    await account.run("join", "#deeds", {});
    const carol = await ircPeer(server.port, "carol", PASSWORD);
    await carol.send("JOIN #deeds");
    await carol.send("NICK caroline");
    await peer.send("TOPIC #deeds :All is well");
    await peer.send("KICK #deeds caroline :enough");
    await peer.send("JOIN #other");
    await peer.send("INVITE bob #other");
    const arrivalOf = async (verb: string) =>
      (await account.connectionContext.arrived(({ event }) => event.verb === verb)).event;
    expect(await arrivalOf("invite")).toMatchObject({
      actor: { address: "alice" },
      object: { type: "room", address: "#other" },
    });
    expect(await arrivalOf("leave")).toMatchObject({
      actor: { address: "caroline" },
      object: { type: "room", cause: "kicked", by: { address: "alice" }, reason: "enough" },
      context: { type: "room", id: "#deeds" },
    });
    expect(
      account.connectionContext.arrivals
        .filter(({ event }) => event.verb === "update")
        .map(({ event }) => event.object),
    ).toEqual([
      { type: "profile", name: "caroline" },
      { type: "topic", body: "All is well" },
    ]);
    await carol.close();
    await peer.send("PART #deeds");
    await peer.send("PART #other");
  });

  it("sets topics, invites, kicks and answers queries", async () => {
    const account = await bob();
    await account.run("join", "#own", {});
    expect((await account.run("update", "#own", { type: "topic", body: "Our own" })).object).toEqual({
      type: "topic",
      body: "Our own",
    });
    expect(statuses(await account.run("invite", "alice", { address: "#own" }))).toEqual(["sent"]);
    await peer.waitFor((line) => / INVITE bob|INVITE alice :?#own/.test(line));
    await peer.send("JOIN #own");
    expect(statuses(await account.run("invite", "alice", { address: "#own" }))).toEqual(["sent"]);
    const members = await account.run("query", "#own", {});
    expect(members.object).toMatchObject({ type: "collection", total: 2 });
    expect(members.object).not.toHaveProperty("next");
    expect(members.object?.items).toEqual(
      expect.arrayContaining([{ address: "bob", role: "moderator" }, { address: "alice" }]),
    );
    expect((await account.run("observe", "#own", {})).object).toEqual(members.object);
    const page = await account.run("query", "#own", { limit: 1 });
    expect(page.object).toMatchObject({ items: [expect.anything()], total: 2, next: "1" });
    const rest = await account.run("query", "#own", { limit: 1, after: "1" });
    expect([page.object?.items, rest.object?.items].flat()).toEqual(members.object?.items);
    expect(rest.object).not.toHaveProperty("next");
    expect((await account.run("query", "alice", { type: "person" })).object).toMatchObject({
      type: "collection",
      items: [{ address: "alice", presence: { show: "online" }, irc: { rooms: ["#own"], host: "127.0.0.1" } }],
    });
    expect(statuses(await account.run("query", "nobody", { type: "person" }))).toEqual(["recipient-unknown"]);
    const { object } = await account.run("query", [], { type: "rooms" });
    expect(object?.items).toEqual(
      expect.arrayContaining([expect.objectContaining({ type: "room", address: "#own", members: 2 })]),
    );
    expect(statuses(await account.run("kick", "#own", { address: "alice", reason: "out" }))).toEqual(["sent"]);
    await peer.waitFor((line) => line.includes(" KICK #own alice :out"));
    expect(statuses(await account.run("kick", "#own", { address: "alice" }))).toEqual(["recipient-unknown"]);
  });

  it("uses a similar nick while its own is taken, and regains its own", async () => {
    const owner = await ircPeer(server.port, "dave", PASSWORD);
    const account = await bob({ nick: "dave", timeouts: { regainMs: 50 } });
    expect(account.nick()).toBe("dave_");
    expect(statuses(await account.run("send", "alice", { body: "who am I" }))).toEqual(["sent"]);
    await owner.close();
    await expect.poll(() => account.nick()).toBe("dave");
    await expect(account.run("update", [], { type: "profile", name: "alice" })).rejects.toMatchObject({
      code: "nick-in-use",
      kind: "permanent",
    });
  });

  it("keeps its nick and channels, also those with a key, across a server crash", async () => {
    const account = await bob({ nick: "erin" });
    await account.run("join", "#plain", {});
    await account.run("join", "#locked", {});
    await account.run("leave", "#locked", {});
    await peer.send("JOIN #locked");
    await peer.send("MODE #locked +k sesame");
    await account.run("join", "#locked", { password: "sesame" });
    await account.run("join", "#kicked", {});
    expect((await account.run("update", [], { type: "profile", name: "erina" })).object).toEqual({
      type: "profile",
      name: "erina",
    });
    expect(Object.values(account.connectionContext.keptSecrets)).toEqual(["sesame"]);
    expect(JSON.stringify(account.connectionContext.stored)).not.toContain("sesame");
    await server.kill();
    const thrown = await account.connectionContext.ended;
    expect(thrown).toBeInstanceOf(Error);
    await expect(account.run("send", "alice", { body: "lost" })).rejects.toMatchObject({
      kind: "retryable",
      code: "platform-unavailable",
    });
    await account.close();
    await server.start();
    peer = await ircPeer(server.port, "alice", PASSWORD);
    await peer.send("JOIN #locked");
    await peer.send("MODE #locked +k sesame");
    await peer.send("JOIN #kicked");
    await peer.send("MODE #kicked +i");
    const again = await bob({ nick: "erin", after: account });
    expect(again.nick()).toBe("erina");
    const { object } = await again.run("query", "erina", { type: "person" });
    const [person] = (object?.items ?? []) as Array<{ readonly irc: { readonly rooms: readonly string[] } }>;
    expect(person?.irc.rooms).toHaveLength(2);
    expect(person?.irc.rooms).toEqual(expect.arrayContaining(["#locked", "#plain"]));
    const out = await again.connectionContext.arrived(({ event }) => event.verb === "leave");
    expect(out.event).toMatchObject({ context: { id: "#kicked" }, object: { cause: "refused" }, self: true });
    expect(again.connectionContext.arrivals).toHaveLength(1);
    expect(await again.recover("join", "#plain")).toEqual({ outcomes: [{ address: "#plain", status: "sent" }] });
    expect(await again.recover("join", "#kicked")).toBeUndefined();
    expect(await again.recover("send", "#plain")).toBeUndefined();
  });

  it("does not rejoin a channel after a kick", async () => {
    const account = await bob();
    await peer.send("JOIN #door");
    await account.run("join", "#door", { password: "a-key" });
    expect(Object.keys(account.connectionContext.stored)).toEqual(["room:#door"]);
    await peer.send("KICK #door bob :out");
    const { event } = await account.connectionContext.arrived(({ event }) => event.verb === "leave");
    expect(event).toMatchObject({ self: true, object: { cause: "kicked", by: { address: "alice" } } });
    await expect
      .poll(() => [account.connectionContext.stored, account.connectionContext.keptSecrets])
      .toEqual([{}, {}]);
    await peer.send("PART #door");
  });

  it("fails permanently with a wrong password", async () => {
    const failure = await bob({ credentials: { password: "wrong-pw-4711" } }).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ kind: "auth", code: "credentials-invalid" });
    expect((failure as Failure).platformCode ?? "").not.toContain("wrong-pw-4711");
  });
});

describe("a server with a rate limit", () => {
  it("gets a long text at the account's rate and does not disconnect it", { timeout: 60_000 }, async () => {
    const server = await ngircd({ penalties: true });
    const peer = await ircPeer(server.port, "alice");
    const account = await ircAccount({ port: server.port, credentials: { pace: { burst: 3, interval: 500 } } });
    const body = Array.from({ length: 8 }, (_, at) => `line ${at}`).join("\n");
    expect(statuses(await account.run("send", "alice", { body }))).toEqual(["sent"]);
    await peer.waitFor(isSaid("line 7"));
    const got = peer.lines.filter((line) => line.includes(" PRIVMSG ")).map((line) => line.slice(-6));
    expect(got).toEqual(body.split("\n"));
    await account.close();
    await peer.close();
    await server.stop();
  });
});

describe("IRC over TLS", () => {
  let server: Awaited<ReturnType<typeof inspircd>>;
  beforeAll(async () => {
    server = await inspircd();
  });
  afterAll(() => server.stop());

  it("trusts the account's certificate authority only", async () => {
    const { tlsPort: port, tls } = server;
    const account = await ircAccount({ port, credentials: { tls: "implicit", ca: tls.cert } });
    expect(statuses(await account.run("send", "bob", { body: "to myself" }))).toEqual(["sent"]);
    await account.connectionContext.arrived(({ event }) => event.object.body === "to myself");
    await account.close();
    await expect(ircAccount({ port, credentials: { tls: "implicit" } })).rejects.toMatchObject({
      kind: "permanent",
      code: "tls-failed",
    });
  });
});
