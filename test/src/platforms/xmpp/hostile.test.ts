import { mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TLSSocket } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { xmpp } from "../../../../src/platforms/xmpp/platform.ts";
import { testConnectionContext } from "../../../support/connection-context.ts";
import { certificate } from "../../../support/mail-certificate.ts";
import { features, MECHANISMS, OPEN, type ScriptedXmpp, scriptedXmpp } from "../../../support/scripted-xmpp.ts";

const PASSWORD = "canary-pw-4711";
const STARTTLS = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const platform = xmpp({ xmppTimeouts: { loginMs: 2_000, responseMs: 1_000, keepaliveMs: 100 } });
const servers: ScriptedXmpp[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function server(script: Parameters<typeof scriptedXmpp>[0]): Promise<ScriptedXmpp> {
  const scripted = await scriptedXmpp(script);
  servers.push(scripted);
  return scripted;
}
function account(port: number, tls: "starttls" | "implicit" | "none", more: object = {}) {
  return testConnectionContext({
    address: "bob@xmpp.test",
    credentials: { host: "127.0.0.1", port, tls, password: PASSWORD, ...more },
  });
}
/** Failure of a login as the platform classifies it. */
async function failed(connectionContext: ReturnType<typeof testConnectionContext>) {
  const thrown = await platform.connect?.(connectionContext as never).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeDefined();
  return platform.classifyError(thrown);
}

describe("a hostile server before the login", () => {
  it.each([
    ["garbage", "HTTP/1.1 400 Bad Request\r\n\r\n"],
    ["a wrong end", "<a></b>"],
    ["text without end", "x".repeat(2_000_000)],
    ["a tag without end", `<${"x".repeat(2_000_000)}`],
    ["a comment without end", `<!-- ${"x".repeat(2_000_000)}`],
    ["elements without end", `${OPEN}${"<a>".repeat(1_000)}`],
    ["an entity", `${OPEN}<a b='&lol;'/>`],
    ["nothing", ""],
  ])("is disconnected when it sends %s", async (_what, first) => {
    const { port } = await server({ first });
    const { kind, code } = await failed(account(port, "none"));
    expect([kind, code]).toEqual([
      "retryable",
      expect.stringMatching(/^platform-(protocol-error|unavailable|timeout)$/),
    ]);
  });

  it("gets no password when STARTTLS is missing from its offer", async () => {
    const stripped = await server({ first: features(MECHANISMS) });
    expect(await failed(account(stripped.port, "starttls"))).toMatchObject({ kind: "permanent", code: "tls-failed" });
    expect(stripped.received()).not.toMatch(/<auth|<starttls/);
  });

  it("gets no password when it refuses STARTTLS", async () => {
    const refusing = await server({
      first: features(STARTTLS + MECHANISMS),
      on: (text, socket) => {
        if (!text.includes("<starttls")) return false;
        socket.write("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
        return true;
      },
    });
    expect(await failed(account(refusing.port, "starttls"))).toMatchObject({ code: "tls-failed" });
    expect(refusing.received()).not.toContain("<auth");
  });

  it("gets no password with an untrusted certificate, and its clear text behind <proceed/> is ignored", async () => {
    const dir = await mkdtemp(join(tmpdir(), "dgm-xmpp-"));
    const { key, cert } = certificate(dir, "DNS:xmpp.test");
    const inside: string[] = [];
    const secure = (text: string, socket: Socket) => {
      if (!text.includes("<starttls")) return false;
      socket.removeAllListeners("data");
      socket.write(`<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`);
      const safe = new TLSSocket(socket, { isServer: true, key, cert });
      safe.on("error", () => undefined);
      safe.on("data", (data) => inside.push(data.toString()));
      return true;
    };
    const unknown = await server({ first: features(STARTTLS), on: secure });
    expect(await failed(account(unknown.port, "starttls"))).toMatchObject({ code: "tls-failed" });
    expect(inside).toEqual([]);
    const other = testConnectionContext({
      address: "bob@other.test",
      credentials: { host: "127.0.0.1", port: unknown.port, password: PASSWORD, ca: cert },
    });
    expect(await failed(other)).toMatchObject({ code: "tls-failed" });
    expect(inside).toEqual([]);
    await rm(dir, { recursive: true });
  });

  it("leaves no trace of the password in a failure", async () => {
    const refusing = await server({
      on: (text, socket) => {
        if (!text.includes("<auth")) return false;
        const message = Buffer.from(/>([^<]*)</.exec(text)?.[1] ?? "", "base64").toString();
        socket.write(
          `<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/><text>${message.replaceAll("\0", " ")}</text></failure>`,
        );
        return true;
      },
    });
    const failure = await failed(account(refusing.port, "none"));
    expect(failure).toMatchObject({ kind: "auth", code: "credentials-invalid", platformCode: "not-authorized" });
    expect(JSON.stringify([failure.message, failure.platformCode])).not.toContain(PASSWORD);
  });

  it.each([
    ["not-authorized", "auth", "credentials-invalid"],
    ["account-disabled", "permanent", "account-restricted"],
    ["temporary-auth-failure", "retryable", "platform-unavailable"],
    ["aborted", "auth", "platform-rejected"],
    ["mechanism-too-weak", "auth", "platform-rejected"],
  ])("refuses the login with %s, which is %s", async (condition, kind, code) => {
    const { port } = await server({
      on: (text, socket) => {
        if (!text.includes("<auth")) return false;
        socket.write(`<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><${condition}/></failure>`);
        return true;
      },
    });
    expect(await failed(account(port, "none"))).toMatchObject({ kind, code, platformCode: condition });
  });

  it("refuses the login temporarily when its text says so", async () => {
    const { port } = await server({
      on: (text, socket) => {
        if (!text.includes("<auth")) return false;
        const words = "<not-authorized/><text>Too many failed authentications, try again later</text>";
        socket.write(`<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${words}</failure>`);
        return true;
      },
    });
    expect(await failed(account(port, "none"))).toMatchObject({ kind: "retryable", code: "platform-unavailable" });
  });

  it.each(["wait", "cancel"])("refuses the binding (type %s) without a verdict on the password", async (type) => {
    const { port } = await server({
      on: (text, socket) => {
        const [, id] = /<iq[^>]* id="([^"]+)"[^>]*>.*xmpp-bind/.exec(text) ?? [];
        if (id === undefined) return false;
        const error = `<error type='${type}'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`;
        socket.write(`<iq type='error' id='${id}'>${error}</iq>`);
        return true;
      },
    });
    expect(await failed(account(port, "none"))).toMatchObject({
      code: type === "wait" ? "platform-unavailable" : "platform-rejected",
      platformCode: "not-allowed",
    });
  });

  it.each([
    ["SCRAM-SHA-1-PLUS only", "<mechanism>SCRAM-SHA-1-PLUS</mechanism>", "urn:ietf:params:xml:ns:xmpp-sasl"],
    ["SASL2 only", "<mechanism>PLAIN</mechanism>", "urn:xmpp:sasl:2"],
  ])("is reported when it offers %s, without a verdict on the password", async (what, mechanism, xmlns) => {
    const name = xmlns.endsWith(":2") ? "authentication" : "mechanisms";
    const { port, received: got } = await server({
      first: features(`<${name} xmlns='${xmlns}'>${mechanism}</${name}>`),
    });
    expect(await failed(account(port, "none"))).toMatchObject({
      code: "platform-rejected",
      platformCode: what.split(" ")[0],
      message: expect.stringContaining("The password was not tried."),
    });
    expect(got()).not.toContain("<auth");
  });

  it.each([
    ["conflict", "rate-limited", "platform-rate-limited"],
    ["policy-violation", "retryable", "platform-unavailable"],
    ["host-unknown", "permanent", "platform-rejected"],
    ["not-authorized", "auth", "platform-rejected"],
    ["system-shutdown", "retryable", "platform-unavailable"],
    ["see-other-host", "retryable", "platform-unavailable"],
  ])("ends the stream with %s, which is %s", async (condition, kind, code) => {
    const { port } = await server({
      first: `${OPEN}<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`,
    });
    expect(await failed(account(port, "none"))).toMatchObject({ kind, code, platformCode: condition });
  });
});

describe("a hostile server after the login", () => {
  const drip = (socket: Socket) => {
    socket.write("<message><body>");
    const clock = setInterval(() => (socket.writable ? socket.write("x") : clearInterval(clock)), 10);
  };
  it.each<[string, (socket: Socket) => void]>([
    ["a megabyte in one stanza", (socket) => socket.write(`<message><body>${"x".repeat(1_048_576)}</body></message>`)],
    ["text without end", (socket) => socket.write(`<message><body>${"y".repeat(8_000_000)}`)],
    ["an attribute without end", (socket) => socket.write(`<message id='${"y".repeat(8_000_000)}`)],
    ["deep nesting", (socket) => socket.write(`<message>${"<a>".repeat(100)}`)],
    ["a crowd of elements", (socket) => socket.write(`<message>${"<a/>".repeat(30_000)}`)],
    ["an unknown entity", (socket) => socket.write("<message><body>&lol;</body></message>")],
    ["a wrong end", (socket) => socket.write("<message></iq>")],
    ["its own end", (socket) => socket.end("</stream:stream>")],
    ["a reset", (socket) => socket.resetAndDestroy()],
    ["drops of a stanza", drip],
    ["nothing any more", (socket) => socket.pause()],
  ])("is disconnected with a retryable failure when it sends %s", async (_what, attack) => {
    const { port } = await server({ after: (socket) => setImmediate(attack, socket) });
    const connectionContext = account(port, "none");
    const thrown = await platform.connect?.(connectionContext as never).then(
      () => connectionContext.ended,
      (error: unknown) => error,
    );
    const failure = platform.classifyError(thrown);
    expect(failure.kind).toBe("retryable");
    expect(failure.code).toMatch(/^platform-(protocol-error|unavailable|timeout)$/);
    expect(connectionContext.arrivals).toEqual([]);
  });

  it("may leave carbons and roster unanswered: the account goes online anyway", async () => {
    const { port } = await server({ on: (text) => /urn:xmpp:carbons:2|jabber:iq:roster/.test(text) });
    const connectionContext = account(port, "none");
    const client = await platform.connect?.(connectionContext as never);
    expect(client).toBeDefined();
    await platform.dispose?.(client);
  });

  it("may forward a foreign roster push: only the own server's is accepted", async () => {
    const push = (id: string, from: string) =>
      `<iq type='set' id='${id}'${from}><query xmlns='jabber:iq:roster'><item jid='eve@evil.test'/></query></iq>`;
    const pushes = `${push("p1", " from='eve@evil.test/x'")}${push("p2", "")}${push("p3", " from='bob@xmpp.test'")}`;
    const scripted = await server({ after: (socket) => socket.write(pushes) });
    const connectionContext = account(scripted.port, "none");
    const client = await platform.connect?.(connectionContext as never);
    const answers = () =>
      [...scripted.received().matchAll(/<iq[^>]*id="(p\d)"[^>]*type="(\w+)"/g)].map(([, id, type]) => [id, type]);
    await expect.poll(answers).toEqual([
      ["p1", "error"],
      ["p2", "result"],
      ["p3", "result"],
    ]);
    await platform.dispose?.(client);
  });

  it("may send empty, forged or malformed stanzas: the connection stays open", async () => {
    const odd = [
      "<message/>",
      "<presence/>",
      "<iq/>",
      "<iq type='result' id='nobody-asked'/>",
      "<iq type='set' id='1'><a/><b/></iq>",
      "<message from='eve@evil.test/x'><received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message from='alice@xmpp.test' to='bob@xmpp.test'><body>forged</body></message></forwarded></received></message>",
      "<message from='eve@evil.test/x'><result xmlns='urn:xmpp:mam:2' queryid='q1' id='1'><forwarded xmlns='urn:xmpp:forward:0'><message from='alice@xmpp.test'><body>forged</body></message></forwarded></result></message>",
      "<message type='error' id='01J00000000000000000000000'/>",
      "<message type='groupchat' from='nowhere@rooms.test/x'><body>not there</body></message>",
      "<presence from='room@rooms.test/x'><x xmlns='http://jabber.org/protocol/muc#user'/></presence>",
      "<message from='a@b/c'><delay xmlns='urn:xmpp:delay' stamp='never'/><body>true</body></message>",
      "   \n  ",
      "<a xmlns='urn:xmpp:sm:3' h='999999'/>",
    ];
    const { port } = await server({
      counting: true,
      after: (socket) => socket.write(`${odd.join("")}<message from='a@b/c' id='last'><body>last</body></message>`),
    });
    const connectionContext = account(port, "none");
    const client = await platform.connect?.(connectionContext as never);
    await connectionContext.arrived(({ event }) => event.object.body === "last");
    expect(connectionContext.arrivals.flatMap(({ event }) => event.object.body ?? [])).toEqual(["true", "last"]);
    await platform.dispose?.(client);
  });
});
