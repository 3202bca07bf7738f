import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leaksOf, newCanary } from "../support/canary.ts";
import { type Conversation, type Eavesdropper, eavesdropper } from "../support/eavesdropper.ts";
import { gateway } from "../support/gateway.ts";
import { type Certificate, certificate } from "../support/mail-certificate.ts";

const USER = "bob@example.org";
const XMPP_HEAD =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " +
  "id='s1' from='example.org' version='1.0'>";
const PLAIN = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>";
const XMPP_TLS = "urn:ietf:params:xml:ns:xmpp-tls";

/** Servers by protocol. They ask for the login in clear text, and offer STARTTLS with a certificate. */
const PROTOCOLS: Readonly<Record<string, (offersTls: boolean) => Conversation>> = {
  smtp: (offersTls) => ({
    greeting: "220 mail ESMTP\r\n",
    startTls: /^STARTTLS/i,
    answer: (line) => {
      if (/^EHLO/i.test(line)) return `250-mail\r\n${offersTls ? "250-STARTTLS\r\n" : ""}250 AUTH PLAIN LOGIN\r\n`;
      return /^STARTTLS/i.test(line) ? (offersTls ? "220 Go\r\n" : "502 No\r\n") : "235 Welcome\r\n";
    },
  }),
  imap: () => ({
    greeting: "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n",
    answer: (line) => `${line.split(" ")[0]} OK done\r\n`,
  }),
  pop3: () => ({ greeting: "+OK ready\r\n", answer: (line) => (/^CAPA/i.test(line) ? "-ERR no\r\n" : "+OK\r\n") }),
  irc: () => ({ answer: (line) => (/^CAP LS/.test(line) ? ":irc CAP * LS :sasl\r\n" : undefined) }),
  xmpp: (offersTls) => ({
    startTls: /<starttls/,
    answer: (line) => {
      if (/<stream:stream/.test(line))
        return `${XMPP_HEAD}<stream:features>${offersTls ? `<starttls xmlns='${XMPP_TLS}'/>` : ""}${PLAIN}</stream:features>`;
      if (!/<starttls/.test(line)) return undefined;
      return offersTls ? `<proceed xmlns='${XMPP_TLS}'/>` : `<failure xmlns='${XMPP_TLS}'/></stream:stream>`;
    },
  }),
};
const NAMES = Object.keys(PROTOCOLS);

let gw: Awaited<ReturnType<typeof gateway>>;
let key: string;
let dir: string;
let unknown: Certificate;
const servers: Eavesdropper[] = [];
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dgm-tls-"));
  unknown = certificate(dir);
  gw = await gateway({ ALLOW_PRIVATE: "127.0.0.0/8" });
  key = await gw.keyOf("shop");
});
afterAll(async () => {
  await gw.stop();
  await Promise.all(servers.map((server) => server.stop()));
  await rm(dir, { recursive: true, force: true });
});

async function call(method: string, path: string, body: unknown): Promise<Record<string, unknown>> {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const answer = await fetch(`${gw.url}/gateway${path}`, { method, headers, body: JSON.stringify(body) });
  expect(answer.status, await answer.clone().text()).toBeLessThan(300);
  return (await answer.json()) as Record<string, unknown>;
}

/** Stores an account of the protocol with `password`, and lets it connect. */
async function connect(protocol: string, port: number, password: string, tls?: "none"): Promise<void> {
  const server = { host: "127.0.0.1", port, ...(tls ? { tls } : {}) };
  const login = { ...server, user: USER, password };
  // Each test has an account of its own.
  const address = protocol === "irc" ? `bob@irc${port}.example.org` : `bob${port}@example.org`;
  if (protocol === "irc") {
    const credentials = { ...server, nick: "bob", password };
    await call("PUT", "/accounts", { platform: "irc", address, credentials, online: true });
  } else if (protocol === "xmpp") {
    const credentials = { ...server, password };
    await call("PUT", "/accounts", { platform: "xmpp", address, credentials, online: true });
  } else if (protocol === "smtp") {
    await call("PUT", "/accounts", { platform: "email", address, credentials: login });
    const mail = { platform: "email", verb: "send", actor: { address }, target: { address: "foo@example.org" } };
    await call("POST", "/activities", { ...mail, object: { body: "Hi" } });
  } else {
    const mailbox = { protocol, ...server };
    await call("PUT", "/accounts", { platform: "email", address, credentials: { ...login, mailbox }, online: true });
  }
}

async function heardBy(server: Eavesdropper, protocol: string, tls?: "none"): Promise<readonly string[]> {
  servers.push(server);
  const password = newCanary();
  await connect(protocol, server.port, password, tls);
  if (tls === "none") {
    await expect.poll(() => leaksOf(new Map([["server", server.heard()]]), [password], USER).length).toBeGreaterThan(0);
  } else {
    await server.left;
  }
  return leaksOf(new Map([["server", server.heard()]]), [password], USER);
}

describe("A login without a setting for TLS", () => {
  it.each(NAMES)("is not told to an %s server without TLS", async (protocol) => {
    const server = await eavesdropper((PROTOCOLS[protocol] as (offersTls: boolean) => Conversation)(false));
    expect(await heardBy(server, protocol)).toEqual([]);
    expect(server.heard().length).toBeGreaterThan(0);
  });

  it.each(NAMES)("is not told to an %s server whose certificate nobody knows", async (protocol) => {
    const isImplicit = !["smtp", "xmpp"].includes(protocol);
    const conversation = (PROTOCOLS[protocol] as (offersTls: boolean) => Conversation)(true);
    const server = await eavesdropper(conversation, { certificate: unknown, isImplicit });
    expect(await heardBy(server, protocol)).toEqual([]);
  });

  it.each(["smtp", "pop3", "irc"])("would be heard of %s by this test, with TLS switched off", async (protocol) => {
    const server = await eavesdropper((PROTOCOLS[protocol] as (offersTls: boolean) => Conversation)(false));
    expect((await heardBy(server, protocol, "none")).length).toBeGreaterThan(0);
  });
});
