import type { XmppSettings } from "../../src/platforms/xmpp/platform.ts";
import { type CellOutcome, type FaultCell, runFaultMatrix } from "./fault-matrix.ts";
import { CONNECT, type Fault } from "./fault-proxy.ts";
import { stanzaFrames } from "./fault-proxy-frames.ts";
import { PROSODY_ROOMS } from "./prosody.ts";
import type { TestRedis } from "./redis.ts";
import { OPEN } from "./scripted-xmpp.ts";
import type { XmppTestNetwork } from "./xmpp-network.ts";

/** Room that all accounts of the fault matrix join. */
export const MATRIX_ROOM = `matrix@${PROSODY_ROOMS}`;
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
  ["room archive", new RegExp(`^<iq [^>]*to="${MATRIX_ROOM}"[^>]*><query xmlns="urn:xmpp:mam:2"`)],
  ["archive", /<query xmlns="urn:xmpp:mam:2"/],
  ["room info", new RegExp(`^<iq [^>]*to="${MATRIX_ROOM}".*disco#info`)],
  ["room join", new RegExp(`^<presence [^>]*to="${MATRIX_ROOM}/`)],
  ["presence", /^<presence/],
  ["message", /^<message [^>]*to="peer@/],
  ["ping", /^<r |urn:xmpp:ping/],
];
const REQUESTS = ["bind", "carbons", "roster", "archive", "room info", "room archive"];

/** Names the steps of a connection. */
function xmppSteps(): (command: string) => string | undefined {
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

/** Returns each answer at each step of a connection. */
export function xmppFaults(): readonly FaultCell[] {
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

/** Settings of accounts that meet faults: all waits are short. */
export const MATRIX_SETTINGS: XmppSettings = {
  xmppTimeouts: { loginMs: 8_000, responseMs: 4_000, keepaliveMs: 3_000 },
  xmppSelfPingMs: 4_000,
  xmppRetryMs: 2_000,
};

/** Lets an account with a room meet each of the cells at a server. The peer is in the room already. */
export function xmppFaultMatrix(
  redis: TestRedis,
  network: XmppTestNetwork,
  cells: readonly FaultCell[],
): Promise<readonly CellOutcome[]> {
  return runFaultMatrix(
    redis,
    {
      network,
      frames: stanzaFrames,
      steps: xmppSteps,
      messageStep: "message",
      onlineSteps: ["ping"],
      ...(network.isKept ? { isKept: network.isKept } : {}),
      peerSendsToRoom: (text) => network.peerSendsToRoom(MATRIX_ROOM, text),
      preparation: (n) => [
        {
          verb: "join",
          actor: { address: network.account(n).address },
          target: [{ address: MATRIX_ROOM }],
          object: {},
        },
      ],
    },
    cells,
  );
}
