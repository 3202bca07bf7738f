import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { xmpp } from "../../../../src/platforms/xmpp/platform.ts";
import { testConnectionContext } from "../../../support/connection-context.ts";
import { testEjabberd } from "../../../support/ejabberd.ts";
import { loopbackEgress } from "../../../support/loopback-egress.ts";
import { MAX_UPLOAD_BYTES, PROSODY_DOMAIN, type TestXmppServer, testProsody } from "../../../support/prosody.ts";
import { runVerb } from "../../../support/run-verb.ts";
import { noEgress } from "../../../support/verb-context.ts";
import { type XmppPeer, xmppPeer } from "../../../support/xmpp-peer.ts";

const ALICE = `alice@${PROSODY_DOMAIN}`;
const platform = xmpp();
const egress = loopbackEgress();
const ends: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
afterAll(egress.close);

/** Connects Bob; by default without TLS, as the servers' upload services are. */
async function bobAt(server: TestXmppServer, login: object = { port: server.peerPort, tls: "none" }) {
  const address = `bob@${PROSODY_DOMAIN}`;
  const credentials = { host: "127.0.0.1", password: "bob-pw", ...login };
  const client = await platform.connect?.(testConnectionContext({ address, credentials }) as never);
  ends.push(async () => platform.dispose?.(client));
  const send = (content: Buffer, object: object = {}, context: object = {}) => {
    const attachments = [{ name: "picture é.png", mediaType: "image/png" }];
    const blob = { name: "picture é.png", mediaType: "image/png", content };
    return runVerb(
      platform,
      client,
      { verb: "send", actor: { address }, target: [{ address: ALICE }], object: { attachments, ...object } },
      { attachments: async () => [blob], fetch: egress.fetch, ...context },
    );
  };
  return { send };
}

const SERVERS = { Prosody: testProsody, ejabberd: testEjabberd };

describe.each(Object.entries(SERVERS))("a file sent by content on %s", (_name, start) => {
  let server: TestXmppServer;
  let alice: XmppPeer;
  beforeAll(async () => {
    server = await start(["alice", "bob"], { uploads: true });
    alice = await xmppPeer(server.peerPort, "alice");
  });
  afterAll(async () => {
    await alice?.close();
    await server?.stop();
  });

  it("is uploaded, and its link is sent and told", async () => {
    const { send } = await bobAt(server);
    const content = randomBytes(MAX_UPLOAD_BYTES);
    const sent = await send(content, { body: "Look:" });
    expect(sent.outcomes).toEqual([{ address: ALICE, status: "sent", id: sent.id }]);
    const [file] = (sent.object?.attachments ?? []) as ReadonlyArray<{ readonly url: string }>;
    expect(file).toEqual({
      name: "picture é.png",
      mediaType: "image/png",
      size: content.length,
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:/),
    });
    const message = await alice.waitFor((stanza) => stanza.attrs.id === sent.id);
    expect(message.getChild("x", "jabber:x:oob")?.getChildText("url")).toBe(file?.url);
    expect(message.getChildText("body")).toBe(`Look:\n${file?.url}`);
    const download = await egress.fetch(file?.url ?? "", {});
    expect([download.status, download.body.equals(content), download.headers["content-type"]]).toEqual([
      200,
      true,
      "image/png",
    ]);
  });

  it("is not uploaded without TLS for an account with TLS", async () => {
    const { send } = await bobAt(server, { port: server.port, ca: server.tls.cert });
    await expect(send(Buffer.from("x"), {}, noEgress)).rejects.toMatchObject({ kind: "permanent", code: "tls-failed" });
  });

  it("is refused before the upload where it is larger than the server takes", async () => {
    const { send } = await bobAt(server);
    await expect(send(Buffer.alloc(MAX_UPLOAD_BYTES + 1), {}, noEgress)).rejects.toMatchObject({
      kind: "permanent",
      code: "content-too-large",
    });
  });

  it("is not sent while the upload fails, and is tried again", async () => {
    const { send } = await bobAt(server);
    const answer = (status: number) => async () => ({ status, headers: {}, body: Buffer.alloc(0), url: "" });
    for (const [status, code, kind] of [
      [503, "platform-unavailable", "retryable"],
      [403, "platform-unavailable", "retryable"],
      [413, "content-too-large", "permanent"],
    ] as const) {
      const commit = vi.fn(async () => undefined);
      await expect(send(Buffer.from("x"), {}, { fetch: answer(status), commit })).rejects.toMatchObject({ code, kind });
      expect(commit).not.toHaveBeenCalled();
    }
  });
});

describe("a file sent by content", () => {
  it("is refused by a server without an upload service", async () => {
    const server = await testProsody(["alice", "bob"]);
    ends.push(server.stop);
    const { send } = await bobAt(server);
    await expect(send(Buffer.from("x"))).rejects.toMatchObject({
      kind: "permanent",
      code: "content-refused",
      message: expect.stringContaining("by url"),
    });
  });
});
