import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { xml } from "@xmpp/client";
import { ulid } from "ulid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Activity } from "../../../../src/model/activity.ts";
import type { ConnectionContext } from "../../../../src/platform/connection.ts";
import { xmpp } from "../../../../src/platforms/xmpp/platform.ts";
import { type TestConnectionContext, testConnectionContext } from "../../../support/connection-context.ts";
import { PROSODY_DOMAIN, PROSODY_ROOMS, type TestXmppServer, testProsody } from "../../../support/prosody.ts";
import { runVerb } from "../../../support/run-verb.ts";
import { scriptedXmpp } from "../../../support/scripted-xmpp.ts";
import { testVerbContext } from "../../../support/verb-context.ts";
import { type XmppPeer, xmppPeer } from "../../../support/xmpp-peer.ts";

const ALICE = `alice@${PROSODY_DOMAIN}`;
const platform = xmpp();
let prosody: TestXmppServer;
let alice: XmppPeer;

beforeAll(async () => {
  prosody = await testProsody(["alice", "bob", "carl", "dora", "emil", "fred"]);
  alice = await xmppPeer(prosody.port, "alice");
});
afterAll(async () => {
  await alice?.close();
  await prosody?.stop();
});

function contextFor(
  user: string,
  overrides: Partial<ConnectionContext<unknown>> & {
    readonly stateOf?: TestConnectionContext;
    readonly port?: number;
  } = {},
) {
  const { port = prosody.port, ...more } = overrides;
  return testConnectionContext({
    address: `${user}@${PROSODY_DOMAIN}`,
    credentials: { host: "127.0.0.1", port, tls: "none", password: `${user}-pw` },
    ...more,
  });
}
const connectAccount = (connectionContext: TestConnectionContext) => platform.connect?.(connectionContext as never);
async function peerReceives(to: string, text: string): Promise<void> {
  await alice.send(xml("message", { to, type: "chat", id: ulid() }, xml("body", {}, text)));
  await alice.request("get", xml("ping", { xmlns: "urn:xmpp:ping" }), PROSODY_DOMAIN);
}

describe("a stream received byte by byte", () => {
  it("yields multi-byte text intact", async () => {
    const proxy = createServer((near) => {
      const far = connect(prosody.port, "127.0.0.1");
      near.setNoDelay(true);
      near.pipe(far);
      let last = Promise.resolve();
      const bytewise = async (data: Buffer) => {
        for (const byte of data) {
          near.write(Buffer.from([byte]));
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      far.on("data", (data) => {
        last = last.then(() => bytewise(data));
      });
      for (const socket of [near, far]) {
        socket.on("error", () => undefined);
        socket.on("close", () => [near, far].map((socket) => socket.destroy()));
      }
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const connectionContext = contextFor("bob", { port: (proxy.address() as AddressInfo).port });
    const client = await connectAccount(connectionContext);
    await peerReceives(connectionContext.address, "Grüße 🎉 日本語");
    const arrival = await connectionContext.arrived(({ event }) => event.verb === "send");
    expect(arrival.event.object.body).toBe("Grüße 🎉 日本語");
    await platform.dispose?.(client);
    proxy.close();
  });
});

describe("an acknowledgement (XEP-0198)", () => {
  it("waits until the stanza was recorded", async () => {
    const acks: string[] = [];
    let answered: () => void = () => undefined;
    const nextAck = () =>
      new Promise<void>((resolve) => {
        answered = resolve;
      });
    const server = await scriptedXmpp({
      counting: true,
      on: (text) => {
        for (const [, h] of text.matchAll(/<a xmlns='urn:xmpp:sm:3' h='(\d+)'/g)) acks.push(h ?? "");
        if (acks.length > 0) answered();
        return false;
      },
      after: (socket) =>
        setTimeout(
          () =>
            socket.write(
              "<message from='alice@xmpp.test/x' id='1'><body>hi</body></message><r xmlns='urn:xmpp:sm:3'/>",
            ),
          50,
        ),
    });
    let store: () => void = () => undefined;
    const stored = new Promise<void>((resolve) => {
      store = resolve;
    });
    const connectionContext = contextFor("bob", {
      port: server.port,
      record: async () => {
        await stored;
        return "new";
      },
    });
    const first = nextAck();
    const client = await connectAccount(connectionContext);
    await first;
    const [before] = acks;
    const second = nextAck();
    store();
    await second;
    expect(Number(acks[1]) - Number(before)).toBe(1);
    await platform.dispose?.(client);
    await server.stop();
  });

  it("is never sent for an unrecorded stanza: the stream ends, and the next owner records it", async () => {
    const broken = new Error("Redis is away");
    const first = contextFor("carl", { record: () => Promise.reject(broken) });
    const client = await connectAccount(first);
    await peerReceives(first.address, "not stored");
    expect(await first.ended).toBe(broken);
    await platform.dispose?.(client);
    const next = contextFor("carl", { stateOf: first });
    const again = await connectAccount(next);
    await next.arrived(({ event }) => event.object.body === "not stored");
    await platform.dispose?.(again);
  });
});

describe("a server crash", () => {
  it("ends the connection; the next owner loses and doubles nothing, also in rooms", async () => {
    const room = `ruins@${PROSODY_ROOMS}`;
    const first = contextFor("dora");
    const client = await connectAccount(first);
    await runVerb(platform, client, { verb: "join", actor: { address: first.address }, target: [{ address: room }] });
    await alice.join(room, "alice");
    await peerReceives(first.address, "before");
    await alice.send(xml("message", { to: room, type: "groupchat", id: "r1" }, xml("body", {}, "room before")));
    await first.arrived(({ event }) => event.object.body === "room before");
    await prosody.kill();
    expect(platform.classifyError(await first.ended)).toMatchObject({
      kind: "retryable",
      code: "platform-unavailable",
    });
    await platform.dispose?.(client);
    await alice.close();
    await expect(connectAccount(contextFor("dora", { stateOf: first }))).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
    await prosody.start();
    alice = await xmppPeer(prosody.port, "alice");
    await peerReceives(first.address, "between");
    const next = contextFor("dora", { stateOf: first });
    const again = await connectAccount(next);
    await alice.join(room, "alice");
    await alice.send(xml("message", { to: room, type: "groupchat", id: "r2" }, xml("body", {}, "room after")));
    await next.arrived(({ event }) => event.object.body === "room after");
    const bodies = next.arrivals.flatMap(({ event }) => event.object.body ?? []);
    expect(bodies).toEqual(["between", "room after"]);
    await platform.dispose?.(again);
  });
});

describe("a break between a written message and its confirmation", () => {
  const activity = (id: string, target: string): Activity => ({
    id,
    rid: "r",
    platform: "xmpp",
    verb: "send",
    actor: { address: `emil@${PROSODY_DOMAIN}` },
    target: [{ address: target }],
    object: { body: "was it sent?" },
  });

  it("throws outcome-unknown", async () => {
    const server = await scriptedXmpp({
      on: (text, socket) => {
        if (!text.includes("was it sent?")) return false;
        socket.destroy();
        return true;
      },
    });
    const connectionContext = contextFor("emil", { port: server.port });
    const client = await connectAccount(connectionContext);
    const recipients = [{ address: ALICE }, { address: "carl@elsewhere.test" }];
    const sending = runVerb(platform, client, { ...activity(ulid(), ALICE), target: recipients });
    await expect(sending).rejects.toMatchObject({ code: "outcome-unknown", mayHaveLanded: true });
    const late = await runVerb(platform, client, { ...activity(ulid(), ALICE) });
    expect(late.outcomes).toMatchObject([{ status: "deferred", error: { code: "platform-unavailable" } }]);
    const both = await runVerb(platform, client, { ...activity(ulid(), ALICE), target: recipients });
    expect(both.outcomes).toMatchObject([{ status: "deferred" }, { status: "deferred" }]);
    await platform.dispose?.(client);
    await server.stop();
  });

  it("is recovered from the archive: archived messages were sent, missing ones are deferred", async () => {
    const connectionContext = contextFor("emil");
    const client = await connectAccount(connectionContext);
    const room = `doubts@${PROSODY_ROOMS}`;
    const actor = { address: connectionContext.address };
    await runVerb(platform, client, { verb: "join", actor, target: [{ address: room }] });
    const sent = await runVerb(platform, client, {
      verb: "send",
      actor,
      target: [{ address: ALICE }],
      object: { body: "x" },
    });
    const inRoom = await runVerb(platform, client, {
      verb: "send",
      actor,
      target: [{ address: room }],
      object: { body: "x" },
    });
    const context = testVerbContext();
    const found = await platform.recover?.(client, activity(sent.id, ALICE), context);
    expect(found?.outcomes).toEqual([{ address: ALICE, status: "sent", id: sent.id }]);
    const foundInRoom = await platform.recover?.(client, activity(inRoom.id, room), context);
    expect(foundInRoom?.outcomes).toEqual(inRoom.outcomes);
    for (const target of [ALICE, room]) {
      const missing = await platform.recover?.(client, activity(ulid(), target), context);
      expect(missing?.outcomes).toEqual([{ address: target, status: "deferred" }]);
    }
    await platform.dispose?.(client);
  });
});

describe("connect", () => {
  it("is aborted by the signal during and after the login, without onDisconnected", async () => {
    const silent = await scriptedXmpp({ on: () => true });
    const waiting = contextFor("fred", { port: silent.port });
    const holding = connectAccount(waiting);
    const reason = new Error("handed over");
    setTimeout(() => waiting.abort(reason), 50);
    await expect(holding).rejects.toBe(reason);
    await silent.stop();
    const connectionContext = contextFor("fred");
    const client = await connectAccount(connectionContext);
    connectionContext.abort(reason);
    let sent = false;
    connectionContext.ended.then(() => {
      sent = true;
    });
    await platform.dispose?.(client);
    expect(sent).toBe(false);
  });

  it("fails with credentials-invalid for a wrong password, without repeating the password", async () => {
    const connectionContext = testConnectionContext({
      address: `fred@${PROSODY_DOMAIN}`,
      credentials: { host: "127.0.0.1", port: prosody.port, tls: "none", password: "canary-wrong" },
    });
    const thrown = await connectAccount(connectionContext)?.then(
      () => undefined,
      (error: unknown) => error,
    );
    const failure = platform.classifyError(thrown);
    expect(failure).toMatchObject({ kind: "auth", code: "credentials-invalid", platformCode: "not-authorized" });
    expect(`${failure.message}${failure.platformCode}`).not.toContain("canary");
  });
});
