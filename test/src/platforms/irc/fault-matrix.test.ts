import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TIMEOUTS } from "../../../../src/platforms/irc/client/timeouts.ts";
import { type FaultCell, type MatrixNetwork, matrixTable, runFaultMatrix } from "../../../support/fault-matrix.ts";
import { CONNECT, type Fault } from "../../../support/fault-proxy.ts";
import { lineFrames } from "../../../support/fault-proxy-frames.ts";
import { ircNetwork } from "../../../support/irc-network.ts";
import { type TestRedis, testRedis } from "../../../support/redis.ts";

const ROOM = "#matrix";

/** Steps of a connection, by the command. A nick that is tried again is another step. */
function steps(): (line: string) => string | undefined {
  let nicks = 0;
  return (line) => {
    const text = line.replace(/^@\S+ /, "").trimEnd();
    if (text.startsWith("CAP LS")) return "CAP LS";
    if (text.startsWith("CAP REQ")) return "CAP REQ";
    if (text.startsWith("PASS")) return "PASS";
    if (text.startsWith("NICK")) return ++nicks === 1 ? "NICK" : undefined;
    if (text.startsWith("USER")) return "USER";
    if (text.startsWith(`JOIN ${ROOM}`)) return "JOIN";
    if (text.startsWith("PRIVMSG peer")) return "PRIVMSG";
    return text === "PING :alive" ? "PING" : undefined;
  };
}

const says = (text: string, closes = false): Fault => ({ kind: "says", answer: () => `${text}\r\n`, closes });
const closing = (reason: string): readonly [string, Fault] => [`ERROR ${reason}`, says(`ERROR :${reason}`, true)];
const numeric = (number: string, parameters: string, text: string): readonly [string, Fault] => [
  `${number} ${text}`,
  says(`:irc.example.test ${number} * ${parameters}:${text}`),
];

const EVERYWHERE: ReadonlyArray<readonly [string, Fault]> = [
  ["nothing (hang)", { kind: "hangs" }],
  ["half an answer", { kind: "halves" }],
  ["close", { kind: "closes" }],
  ["garbage", says("\u0001\u0002\u00ff : :: @@ \r\n:")],
  ["a byte at a time", { kind: "trickles", everyMs: 50, bytes: 64 }],
  closing("Closing Link: (Throttled: Reconnecting too fast)"),
  closing("Closing Link: (Too many connections from your host)"),
  closing("Closing Link: (Server going down)"),
  closing("Closing Link: (K-Lined)"),
  closing("Access denied: Bad password?"),
  closing("Closing Link: (Ping timeout)"),
];
const STEPS = ["CAP LS", "CAP REQ", "PASS", "NICK", "USER", "JOIN", "PRIVMSG", "PING"];
/** Numerics at odd moments. */
const ODD = [
  numeric("421", "CAP ", "Unknown command"),
  numeric("451", "", "You have not registered"),
  numeric("263", "JOIN ", "Server load is temporarily too heavy"),
  numeric("439", "", "Please wait while we process your connection"),
  numeric("465", "", "You are throttled, try again later"),
];

function cells(hasCapabilities: boolean): readonly FaultCell[] {
  const all: FaultCell[] = [];
  const add = (step: string, [answer, fault]: readonly [string, Fault], final?: FaultCell["final"]): void => {
    // No server swallows a message without a refusal of it: answers about other matters come beside the message.
    const beside = step === "PRIVMSG" && fault.kind === "says" && /^(garbage|421|263)/.test(answer);
    const atStep: Fault = beside ? { ...fault, forwards: true } : fault;
    if (step !== "CAP REQ" || hasCapabilities) all.push({ step, answer, fault: atStep, ...(final ? { final } : {}) });
  };
  for (const step of [CONNECT, ...STEPS]) for (const answer of EVERYWHERE) add(step, answer);
  for (const step of STEPS) for (const answer of ODD) add(step, answer);
  for (const [number, text] of [
    ["433", "Nickname is already in use"],
    ["437", "Nick/channel is temporarily unavailable"],
    ["432", "Erroneous nickname"],
    ["436", "Nickname collision"],
  ] as const)
    add("NICK", numeric(number, "bob ", text));
  for (const [number, text] of [
    ["471", "Cannot join channel (+l)"],
    ["437", "Nick/channel is temporarily unavailable"],
    ["405", "You have joined too many channels"],
    ["473", "Cannot join channel (+i)"],
  ] as const)
    add("JOIN", numeric(number, `${ROOM} `, text));
  for (const [number, text] of [
    ["401", "No such nick/channel"],
    ["404", "Cannot send to channel"],
    ["439", "Target change too fast"],
  ] as const)
    add("PRIVMSG", numeric(number, "peer ", text));
  for (const step of ["PASS", "USER"]) {
    add(step, numeric("464", "", "Password incorrect"), "needs-login");
    add(step, numeric("465", "", "You are banned from this server"), "restricted");
  }
  return all;
}

describe.each([
  ["ngIRCd", "ngircd", false],
  ["InspIRCd", "inspircd", true],
] as const)("an IRC account on %s that meets every answer at every step", (_name, kind, hasCapabilities) => {
  let redis: TestRedis;
  let network: Awaited<ReturnType<typeof ircNetwork>>;
  beforeAll(async () => {
    const timeouts = {
      connectMs: 5_000,
      registerMs: 6_000,
      responseMs: 4_000,
      idleMs: 2_000,
      rejoinMs: 500,
      confirmMs: 200,
    };
    [redis, network] = await Promise.all([testRedis(), ircNetwork(kind, { ...TIMEOUTS, ...timeouts })]);
  });
  afterAll(async () => {
    await network?.close();
    await redis?.stop();
  });

  it("recovers by itself from all that IRC does not define as final, and doubles nothing", {
    timeout: 600_000,
  }, async () => {
    const matrix: MatrixNetwork = {
      network,
      frames: lineFrames,
      steps,
      messageStep: "PRIVMSG",
      onlineSteps: ["PING"],
      peerSendsToRoom: (text) => network.peerSendsToRoom(ROOM, text),
      preparation: (n) => [
        { verb: "join", actor: { address: network.account(n).address }, target: [{ address: ROOM }], object: {} },
      ],
    };
    const all = cells(hasCapabilities);
    // A PING needs silence, which there is none while others talk in the channel.
    const outcomes = [
      ...(await runFaultMatrix(
        redis,
        matrix,
        all.filter(({ step }) => step !== "PING"),
      )),
      ...(await runFaultMatrix(
        redis,
        matrix,
        all.filter(({ step }) => step === "PING"),
      )),
    ];
    console.log(matrixTable(outcomes));
    const wrong = outcomes.filter(({ faults }) => faults.length > 0);
    expect(wrong.map(({ step, answer, states, faults }) => ({ step, answer, states, faults }))).toEqual([]);
  });
});
