import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ConfigError } from "../../src/config/settings.ts";
import { dummy } from "../../src/platforms/dummy/platform.ts";
import { email } from "../../src/platforms/email/platform.ts";
import { facebook } from "../../src/platforms/facebook/platform.ts";
import { feeds } from "../../src/platforms/feeds/platform.ts";
import { enabledPlatforms, platforms } from "../../src/platforms/index.ts";
import { codedError } from "../../src/platforms/irc/client/coded-error.ts";
import { irc } from "../../src/platforms/irc/platform.ts";
import { telegram } from "../../src/platforms/telegram/platform.ts";
import { twitter } from "../../src/platforms/twitter/platform.ts";
import { webfinger } from "../../src/platforms/webfinger/platform.ts";
import { webhook } from "../../src/platforms/webhook/platform.ts";
import { xmpp } from "../../src/platforms/xmpp/platform.ts";
import { ANN, facebookSimulator, LOGIN } from "../support/facebook-simulator.ts";
import { loopbackEgress } from "../support/loopback-egress.ts";
import { scriptedSmtp } from "../support/scripted-smtp.ts";
import { TOKEN, telegramSimulator } from "../support/telegram-simulator.ts";
import { noEgress } from "../support/verb-context.ts";
import { type Answer, webServer } from "../support/web-server.ts";
import { oauth1Of, xSimulator } from "../support/x-simulator.ts";
import { conformance, type TestNetwork } from "./platform.ts";

const all = platforms({});

describe("the list of platforms", () => {
  it("names each folder once, and each id and alias once", async () => {
    const folders = (await readdir(new URL("../../src/platforms/", import.meta.url), { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(all.map(({ id }) => id).sort()).toEqual(folders.sort());
    const names = all.flatMap(({ id, aliases = [] }) => [id, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each([
    [[], all.filter(({ id }) => id !== "dummy").map(({ id }) => id)],
    [["+dummy"], all.map(({ id }) => id)],
    [["dummy"], ["dummy"]],
    [["smtp"], ["email"]],
    [
      ["email", "dummy"],
      ["email", "dummy"],
    ],
    [
      ["email", "+dummy"],
      ["email", "dummy"],
    ],
  ])("is limited by PLATFORMS %j", (names, ids) => {
    expect(
      enabledPlatforms(names, all)
        .map(({ id }) => id)
        .sort(),
    ).toEqual([...ids].sort());
  });

  it("refuses an unknown platform", () => {
    expect(() => enabledPlatforms(["pigeon"], all)).toThrow(ConfigError);
  });
});

const dir = await mkdtemp(join(tmpdir(), "dgm-contract-"));
const ledger = join(dir, "ledger");
const entries = async () => (await readFile(ledger, "utf8").catch(() => "")).split("\n").length - 1;
afterAll(() => rm(dir, { recursive: true }));

conformance(dummy({ dummyLedger: ledger }), {
  failing: ["fail", "crash", "unknown"],
  network: async () => {
    const before = await entries();
    return { access: {}, effects: async () => (await entries()) - before, stop: async () => undefined };
  },
});

const smtp = (code: string, response: string, command: string) =>
  Object.assign(new Error(`odd: ${response}`), { code, response, responseCode: Number(response.slice(0, 3)), command });
conformance(email({}), {
  // These verbs need a mailbox: test/src/platforms/email runs them on real servers.
  failing: Object.keys(email({}).verbs).filter((verb) => verb !== "send"),
  thrown: [
    smtp("EENVELOPE", "550 5.1.1 <x@y>: Recipient address rejected", "RCPT TO"),
    smtp("EMESSAGE", "552-5.3.4 Too\r\n552 5.3.4 big", "DATA"),
    smtp("EAUTH", "535 5.7.8 Error: authentication failed", "AUTH PLAIN"),
    smtp("EPROTOCOL", "421 busy", "CONN"),
    Object.assign(new Error("connect ECONNREFUSED"), {
      code: "ESOCKET",
      originalCode: "ECONNREFUSED",
      command: "CONN",
    }),
    Object.assign(new Error("Timeout"), { code: "ETIMEDOUT", command: "CONN" }),
    Object.assign(new Error("queryA ENOTFOUND"), { code: "EDNS", command: "CONN" }),
    Object.assign(new Error("closed"), { code: "ECONNECTION", command: "CONN" }),
  ],
  network: async () => {
    const server = await scriptedSmtp();
    const { connect } = await import("node:net");
    return {
      access: {
        credentials: { host: "127.0.0.1", port: server.port, tls: "none" },
        egress: {
          ...noEgress,
          connect: (host, port) =>
            new Promise((resolve) => {
              const socket = connect(port, host, () => resolve(socket));
            }),
        },
      },
      effects: () => server.messages.length,
      stop: server.stop,
    };
  },
});

/** Web server that gives the same answer for every host name. */
async function web(answer: Answer): Promise<TestNetwork> {
  const server = await webServer(() => answer);
  const { fetch, close } = loopbackEgress();
  return {
    access: {
      egress: { ...noEgress, fetch: (url, init) => fetch(url.replace(/^https?:\/\/[^/]+/, server.origin), init) },
    },
    effects: () => server.requests.length,
    stop: async () => {
      await close();
      await server.stop();
    },
  };
}
conformance(webhook(), { network: () => web({ status: 204 }) });
conformance(webfinger(), {
  reads: ["search"],
  network: () => web({ body: JSON.stringify({ subject: "acct:foo@bar.com" }) }),
});
conformance(feeds({}), {
  // Subscriptions are local state: repeating the verb changes nothing.
  reads: ["fetch", "subscribe", "unsubscribe"],
  // The verb reads local state only: test/src/platforms/feeds runs it.
  failing: ["query"],
  network: () => web({ body: '<rss version="2.0"><channel><title>News</title></channel></rss>' }),
});

/** Simulator shared by all runs, since the platform takes its address once. Each run counts from its own start. */
const standIn = await xSimulator();
const guard = loopbackEgress();
afterAll(async () => {
  await guard.close();
  await standIn.stop();
});
const counted = () => standIn.exchanges.filter(({ endpoint }) => !endpoint.includes("username")).length;
conformance(twitter({ xApi: standIn.origin }), {
  reads: ["fetch", "search", "query"],
  // The verbs of the account connection have their own tests.
  failing: ["connect", "disconnect", "subscribe", "unsubscribe"],
  network: async () => {
    const before = counted();
    standIn.posts.length = 0;
    standIn.addPost("12", "Mine", { id: "1900000000000000001" });
    return {
      access: { credentials: oauth1Of("12"), egress: guard },
      effects: () => counted() - before,
      stop: async () => undefined,
    };
  },
});

const telegramApi = await telegramSimulator();
afterAll(() => telegramApi.stop());
/** Calls that only prepare or complete the counted call. */
const MINOR = new Set(["createChatInviteLink", "unbanChatMember", "getChatMemberCount"]);
const telegramCalls = () => telegramApi.calls.filter(({ method }) => !MINOR.has(method)).length;
conformance(telegram({ telegramApi: telegramApi.origin }), {
  reads: ["query"],
  // Run by the platform's own tests: fetch has no target, unban is a part of kick here.
  failing: ["connect", "disconnect", "fetch", "unban"],
  network: async () => {
    const before = telegramCalls();
    return {
      access: { credentials: { token: TOKEN }, egress: guard },
      effects: () => telegramCalls() - before,
      stop: async () => undefined,
    };
  },
});

const named = (name: string, properties: object) => Object.assign(new Error(`odd: ${name}`), { name, ...properties });
conformance(xmpp(), {
  thrown: [
    named("SASLError", { condition: "not-authorized", text: "nope" }),
    named("SASLError", { condition: "account-disabled" }),
    named("SASLError", { condition: "SASL: No compatible mechanism available." }),
    named("StreamError", { condition: "conflict", text: "Replaced by new connection" }),
    named("StreamError", { condition: "system-shutdown" }),
    named("StanzaError", { condition: "service-unavailable", type: "cancel" }),
    named("StanzaError", { condition: "undefined-condition", type: "wait" }),
    named("XMLError", {}),
    named("TimeoutError", {}),
    Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }),
    Object.assign(new Error("queryA ENOTFOUND"), { code: "ENOTFOUND" }),
    Object.assign(new Error("self-signed"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
    new TypeError("Cannot read properties of null (reading 'write')"),
  ],
});

conformance(irc(), {
  thrown: [
    codedError("IRC_NUMERIC", "odd", { numeric: "401", serverText: "No such nick" }),
    codedError("IRC_NUMERIC", "odd", { numeric: "999", serverText: "\u0000odd" }),
    codedError("IRC_ERROR", "odd", { serverText: "Closing Link: (K-Lined)" }),
    codedError("IRC_SASL", "odd"),
    codedError("IRC_CLOSED", "odd"),
    Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }),
    Object.assign(new Error("self-signed"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
    new DOMException("odd", "AbortError"),
  ],
});

/** Post that the examples of the verbs name. */
const FACEBOOK_POST = "104998765432101_122100000000000001";
conformance(facebook({}), {
  // The address is the stand-in's only when a test runs a verb: see the egress below.
  reads: ["fetch", "search", "query"],
  // These verbs read before they act: test/src/platforms/facebook runs them.
  failing: ["subscribe", "unsubscribe"],
  network: async () => {
    const server = await facebookSimulator();
    server.wrote(ANN);
    server.things.set(FACEBOOK_POST, { id: FACEBOOK_POST });
    const { fetch, close } = loopbackEgress();
    return {
      access: {
        credentials: LOGIN,
        egress: {
          ...noEgress,
          fetch: (url, init) => fetch(url.replace("https://graph.facebook.com/v26.0", server.url), init),
        },
      },
      effects: () => server.calls.length,
      stop: async () => {
        await close();
        await server.stop();
      },
    };
  },
});
