import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { xmpp } from "../../../../src/platforms/xmpp/platform.ts";
import { type TestConnectionContext, testConnectionContext } from "../../../support/connection-context.ts";
import { runVerb } from "../../../support/run-verb.ts";
import { type ArchivedLine, scriptedArchive } from "../../../support/scripted-archive.ts";
import { type ScriptedXmpp, scriptedXmpp } from "../../../support/scripted-xmpp.ts";

const ADDRESS = "bob@xmpp.test";
const ROOM = "garden@rooms.test";
const ENTERED = `<presence from='${ROOM}/bob'><x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x></presence>`;
const INFO = "<query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:mam:2'/></query>";

const platformWith = (xmppRetryMs: number, responseMs = 60_000) =>
  xmpp({ xmppTimeouts: { loginMs: 60_000, responseMs, keepaliveMs: 60_000 }, xmppRetryMs });
/** Looks into an archive once, at the login. */
const lookingOnce = platformWith(600_000);
/** Looks again after a moment. */
const lookingAgain = platformWith(50, 1_000);
/** Looks once, and does not wait long for an archive that gives no answer. */
const impatient = platformWith(600_000, 1_000);
const servers: ScriptedXmpp[] = [];
const closing: Array<() => Promise<unknown> | undefined> = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  for (const server of servers.splice(0)) await server.stop();
});

/** Lets the account into its room, which says that its ids are stable. */
function room(text: string, socket: Socket): boolean {
  const info =
    /<iq[^>]* id="([^"]+)"[^>]*to="garden@rooms.test"[^>]*><query xmlns="http:\/\/jabber.org\/protocol\/disco#info"/;
  const id = (info.exec(text) ??
    /<iq[^>]*to="garden@rooms.test"[^>]* id="([^"]+)"[^>]*><query xmlns="http:\/\/jabber.org\/protocol\/disco#info"/.exec(
      text,
    ))?.[1];
  if (id !== undefined) socket.write(`<iq type='result' from='${ROOM}' id='${id}'>${INFO}</iq>`);
  const isJoin = /<presence [^>]*to="garden@rooms.test\/bob/.test(text);
  if (isJoin) socket.write(ENTERED);
  return isJoin || id !== undefined;
}

const withArchive = (
  lines: (room: string | undefined) => readonly ArchivedLine[] | undefined,
  stateOf?: TestConnectionContext,
  platform = lookingOnce,
) => {
  const archive = scriptedArchive(lines);
  return connected((text, socket) => archive(text, socket) || room(text, socket), stateOf, platform);
};

async function connected(
  on: (text: string, socket: Socket) => boolean,
  stateOf: TestConnectionContext | undefined,
  platform: ReturnType<typeof xmpp>,
) {
  const server = await scriptedXmpp({ on });
  servers.push(server);
  const context = testConnectionContext({
    address: ADDRESS,
    credentials: { host: "127.0.0.1", port: server.port, tls: "none", password: "pw" },
    ...(stateOf ? { stateOf } : {}),
  });
  const client = await platform.connect?.(context as never);
  const close = async () => platform.dispose?.(client);
  closing.push(close);
  return { context, client, close };
}
const line = (n: number, archiveId = `a${n}`, from = "alice@xmpp.test/x"): ArchivedLine => ({
  id: archiveId,
  messageId: `m${n}`,
  from,
  body: `text ${n}`,
  stamp: new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString(),
});
const lines = (ids: readonly number[], prefix = "a", from?: string) => ids.map((n) => line(n, `${prefix}${n}`, from));
const bodies = ({ arrivals }: TestConnectionContext) => arrivals.flatMap(({ event }) => event.object.body ?? []);

describe("an archive that has forgotten the last known message", () => {
  it.each([
    ["all ids are new, as after a move to other software", lines([1, 2, 3, 4], "b"), ["text 4"]],
    ["all was purged, and the rest is new", lines([4, 5], "b"), ["text 4", "text 5"]],
    ["nothing is left", [], []],
  ])("brings only what is new: %s", async (_, after, expected) => {
    let archived: readonly ArchivedLine[] = [];
    const first = await withArchive(() => archived);
    archived = lines([1, 2, 3]);
    await first.close();
    const second = await withArchive(() => archived, first.context);
    expect(bodies(second.context)).toEqual(["text 1", "text 2", "text 3"]);
    await second.close();
    archived = after;
    const third = await withArchive(() => archived, second.context);
    expect(bodies(third.context)).toEqual(expected);
    await third.close();
    const fourth = await withArchive(() => [...archived, line(9, "b9")], third.context);
    expect(bodies(fourth.context)).toEqual(["text 9"]);
  });

  it("of a room brings only what is new", async () => {
    const from = `${ROOM}/alice`;
    let archived = lines([1], "a", from);
    const first = await withArchive((name) => (name === ROOM ? archived : []));
    await join(first.client);
    await first.close();
    archived = lines([1, 2, 3], "a", from);
    const second = await withArchive((name) => (name === ROOM ? archived : []), first.context);
    expect(bodies(second.context)).toEqual(["text 2", "text 3"]);
    await second.close();
    archived = lines([1, 2, 3, 4], "b", from);
    const third = await withArchive((name) => (name === ROOM ? archived : []), second.context);
    expect(bodies(third.context)).toEqual(["text 4"]);
  });

  it("is read whole where no time was stored, as by earlier versions", async () => {
    const context = testConnectionContext({ credentials: {} });
    context.stored.archive = "gone";
    const { context: next } = await withArchive(() => lines([1, 2]), context);
    expect(bodies(next)).toEqual(["text 1", "text 2"]);
  });
});

describe("an archive without an answer at the first look", () => {
  const recent = (n: number, from?: string): ArchivedLine => ({
    ...line(n, `a${n}`, from),
    stamp: new Date().toISOString(),
  });

  it("loses nothing that is said after the join, when the connection breaks", async () => {
    const first = await withArchive((name) => (name === ROOM ? undefined : []), undefined, impatient);
    await join(first.client);
    await first.close();
    const archived = [line(1, "a1", `${ROOM}/alice`), recent(2, `${ROOM}/alice`)];
    const second = await withArchive((name) => (name === ROOM ? archived : []), first.context);
    expect(bodies(second.context)).toEqual(["text 2"]);
  });

  it("loses nothing that arrives after the first login, when the connection breaks", async () => {
    const first = await withArchive(() => undefined, undefined, impatient);
    await first.close();
    const second = await withArchive(() => [line(1), recent(2)], first.context);
    expect(bodies(second.context)).toEqual(["text 2"]);
  });
});

describe("a room that loses the account while its archive is read", () => {
  it("brings what was missed after the account is in again", async () => {
    const from = `${ROOM}/alice`;
    const first = await withArchive((name) => (name === ROOM ? lines([1], "a", from) : []));
    await join(first.client);
    await first.close();
    let queries = 0;
    const archive = scriptedArchive((name) => {
      if (name === undefined) return [];
      return queries > 1 ? lines([1, 2], "a", from) : undefined;
    });
    const lost = `<presence type='unavailable' from='${ROOM}/bob'><x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/><status code='332'/></x></presence>`;
    const { context } = await connected(
      (text, socket) => {
        if (/to="garden@rooms.test"[^>]*><query xmlns="urn:xmpp:mam:2"/.test(text) && ++queries === 2)
          socket.write(lost);
        return archive(text, socket) || room(text, socket);
      },
      first.context,
      lookingAgain,
    );
    await context.arrived(({ event }) => event.object.body === "text 2");
    expect(bodies(context)).toEqual(["text 2"]);
  });
});

describe("a message that the server archives after the login, and does not deliver", () => {
  it("is found by the second look", async () => {
    let looks = 0;
    const { context } = await withArchive(() => lines(++looks === 1 ? [1] : [1, 2]), undefined, lookingAgain);
    await context.arrived(({ event }) => event.object.body === "text 2");
    expect(bodies(context)).toEqual(["text 2"]);
  });
});

describe("a message that the server stores after the login, without an archive", () => {
  it("is requested, and not recorded again when a later login delivers the copy", async () => {
    const delay = `<delay xmlns='urn:xmpp:delay' stamp='${new Date().toISOString()}'/>`;
    const stored = `<message from='alice@xmpp.test/x' to='${ADDRESS}' id='m1'><body>late</body>${delay}</message>`;
    const requested = (text: string, socket: Socket): boolean => {
      const id = /<iq[^>]* id="([^"]+)"[^>]*><offline xmlns="http:\/\/jabber.org\/protocol\/offline"><fetch\/>/.exec(
        text,
      )?.[1];
      if (id === undefined) return false;
      socket.write(`${stored}<iq type='result' id='${id}'/>`);
      return true;
    };
    const first = await connected(requested, undefined, lookingAgain);
    await first.context.arrived(({ event }) => event.object.body === "late");
    await first.close();
    const later = stored.replace("m1", "m2").replace("late", "last");
    const delivered = (text: string, socket: Socket): boolean => {
      if (/<presence\/>|<presence xmlns/.test(text)) socket.write(stored + later);
      return false;
    };
    const second = await connected(delivered, first.context, lookingOnce);
    await second.context.arrived(({ event }) => event.object.body === "last");
    expect(bodies(second.context)).toEqual(["last"]);
  });
});

async function join(client: unknown): Promise<void> {
  const activity = { verb: "join", actor: { address: ADDRESS }, target: [{ address: ROOM }], object: {} };
  expect((await runVerb(lookingOnce, client as never, activity)).outcomes).toMatchObject([{ status: "sent" }]);
}
