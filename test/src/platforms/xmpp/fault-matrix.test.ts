import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FaultCell, matrixTable, runFaultMatrix } from "../../../support/fault-matrix.ts";
import { CONNECT, type Fault } from "../../../support/fault-proxy.ts";
import { stanzaFrames } from "../../../support/fault-proxy-frames.ts";
import { PROSODY_ROOMS } from "../../../support/prosody.ts";
import { type TestRedis, testRedis } from "../../../support/redis.ts";
import { OPEN } from "../../../support/scripted-xmpp.ts";
import { xmppNetwork } from "../../../support/xmpp-network.ts";

const ROOM = `matrix@${PROSODY_ROOMS}`;
const STREAMS = "urn:ietf:params:xml:ns:xmpp-streams";
const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";

/** Steps of a connection, by a pattern of what the client says. The first that fits names the step. */
const STEPS: ReadonlyArray<readonly [step: string, pattern: RegExp]> = [
  ["auth", /^<auth /],
  ["auth response", /^<response /],
  ["bind", /xmpp-bind/],
  ["stream management", /^<enable /],
  ["carbons", /urn:xmpp:carbons:2/],
  ["roster", /jabber:iq:roster/],
  ["room archive", new RegExp(`^<iq [^>]*to="${ROOM}"[^>]*><query xmlns="urn:xmpp:mam:2"`)],
  ["archive", /<query xmlns="urn:xmpp:mam:2"/],
  ["room info", new RegExp(`^<iq [^>]*to="${ROOM}".*disco#info`)],
  ["room join", new RegExp(`^<presence [^>]*to="${ROOM}/`)],
  ["presence", /^<presence/],
  ["message", /^<message [^>]*to="peer@/],
  ["ping", /^<r |urn:xmpp:ping/],
];
const REQUESTS = ["bind", "carbons", "roster", "archive", "room info", "room archive"];

function steps(): (command: string) => string | undefined {
  let streams = 0;
  return (command) => {
    if (command.includes("<stream:stream")) return ++streams === 1 ? "stream" : "stream after login";
    return STEPS.find(([, pattern]) => pattern.test(command))?.[0];
  };
}

/** Says something behind the stream's opening, where that was not answered yet. */
const says = (text: string, closes = true): Fault => ({
  kind: "says",
  answer: (command) => (command.includes("<stream:stream") ? OPEN : "") + text,
  closes,
});
const streamError = (condition: string): Fault =>
  says(`<stream:error><${condition} xmlns='${STREAMS}'/></stream:error></stream:stream>`);
const saslFailure = (condition: string): Fault => says(`<failure xmlns='${SASL}'>${condition}</failure>`, false);
const stanzaError = (type: string, condition: string): Fault => ({
  kind: "says",
  answer: (stanza) => {
    const [, name = "iq"] = /^<(\w+)/.exec(stanza) ?? [];
    const [, id = ""] = /^<\w+ [^>]*\bid="([^"]*)"/.exec(stanza) ?? [];
    const [, to] = /^<\w+ [^>]*\bto="([^"]*)"/.exec(stanza) ?? [];
    const from = to === undefined ? "" : ` from="${to}"`;
    const error = `<error type='${type}'><${condition} xmlns='${STANZAS}'/></error>`;
    return `<${name} type="error" id="${id}"${from}>${error}</${name}>`;
  },
});

const STREAM_ERRORS: ReadonlyArray<readonly [string, Fault]> = [
  "policy-violation",
  "conflict",
  "resource-constraint",
  "system-shutdown",
  "reset",
  "host-unknown",
  "not-authorized",
  "x-unheard-of",
].map((condition) => [`stream error ${condition}`, streamError(condition)] as const);
const BREAKS: ReadonlyArray<readonly [string, Fault]> = [
  ["nothing (hang)", { kind: "hangs" }],
  ["half an answer", { kind: "halves" }],
  ["close", { kind: "closes" }],
  ["end of stream", says("</stream:stream>")],
  ["garbage", says("\u0001\u0002<<<&&&>>\n")],
  ["a byte at a time", { kind: "trickles", everyMs: 50, bytes: 64 }],
];

function cells(): readonly FaultCell[] {
  const everywhere = ["stream", "stream after login", ...STEPS.map(([step]) => step)];
  const all: FaultCell[] = [CONNECT, ...everywhere].flatMap((step) =>
    [...(step === CONNECT ? [] : STREAM_ERRORS), ...BREAKS].map(([answer, fault]) => ({ step, answer, fault })),
  );
  for (const step of ["auth", "auth response"]) {
    for (const condition of ["<temporary-auth-failure/>", "<mechanism-too-weak/>", "<x-unheard-of/>", ""])
      all.push({ step, answer: `SASL failure ${condition || "without condition"}`, fault: saslFailure(condition) });
    all.push({ step, answer: "SASL not-authorized", fault: saslFailure("<not-authorized/>"), final: "needs-login" });
    all.push({ step, answer: "SASL account-disabled", fault: saslFailure("<account-disabled/>"), final: "restricted" });
  }
  for (const step of [...REQUESTS, "room join", "message"]) {
    all.push({ step, answer: "error of type wait", fault: stanzaError("wait", "resource-constraint") });
    all.push({ step, answer: "error of type cancel", fault: stanzaError("cancel", "not-allowed") });
    all.push({ step, answer: "error service-unavailable", fault: stanzaError("cancel", "service-unavailable") });
    all.push({
      step,
      answer: "error remote-server-not-found",
      fault: stanzaError("cancel", "remote-server-not-found"),
    });
  }
  return all;
}

describe("an XMPP account that meets every answer at every step", () => {
  let redis: TestRedis;
  let network: Awaited<ReturnType<typeof xmppNetwork>>;
  beforeAll(async () => {
    const timeouts = { loginMs: 8_000, responseMs: 4_000, keepaliveMs: 3_000 };
    [redis, network] = await Promise.all([
      testRedis(),
      xmppNetwork({
        isPlain: true,
        settings: { xmppTimeouts: timeouts, xmppSelfPingMs: 4_000, xmppRetryMs: 500 },
      }),
    ]);
    await network.peerJoins(ROOM);
  });
  afterAll(async () => {
    await network?.close();
    await redis?.stop();
  });

  it("recovers by itself from all that XMPP does not define as final, and loses and doubles nothing", {
    timeout: 600_000,
  }, async () => {
    const outcomes = await runFaultMatrix(
      redis,
      {
        network,
        frames: stanzaFrames,
        steps,
        messageStep: "message",
        onlineSteps: ["ping"],
        peerSendsToRoom: (text) => network.peerSendsToRoom(ROOM, text),
        preparation: (n) => [
          { verb: "join", actor: { address: network.account(n).address }, target: [{ address: ROOM }], object: {} },
        ],
      },
      cells(),
    );
    console.log(matrixTable(outcomes));
    const wrong = outcomes.filter(({ faults }) => faults.length > 0);
    expect(wrong.map(({ step, answer, states, faults }) => ({ step, answer, states, faults }))).toEqual([]);
  });
});
