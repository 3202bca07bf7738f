import { setTimeout as sleep } from "node:timers/promises";
import type { Failure } from "../../src/model/failure.ts";
import { failureWith } from "../../src/platform/kit/error-table.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { TestNetwork } from "../contracts/connections/test-network.ts";
import { connectionCore, type LoggedEvent } from "./connection-core.ts";
import { type Fault, type FaultProxy, type FaultProxyOptions, faultProxy } from "./fault-proxy.ts";
import type { TestRedis } from "./redis.ts";

/** Answer at a step, once. */
export interface FaultCell {
  readonly step: string;
  readonly answer: string;
  readonly fault: Fault;
  /** State that the protocol defines as the consequence; absent: the account recovers by itself. */
  readonly final?: "needs-login" | "restricted";
}

/** Network whose accounts meet every answer at every step. */
export interface MatrixNetwork extends Pick<FaultProxyOptions, "frames" | "steps"> {
  readonly network: Pick<
    TestNetwork,
    "platform" | "port" | "accountAt" | "sendTo" | "peerSends" | "peerReceived" | "keepsMissed"
  >;
  /** Activities that prepare a connected account, such as joining a room. */
  readonly preparation: (n: number) => ReadonlyArray<ReturnType<TestNetwork["sendTo"]>>;
  /** Step of a sent message; every other step happens while connecting, or by itself. */
  readonly messageStep: string;
  /** Steps of an account that stays online. */
  readonly onlineSteps: readonly string[];
  /** Whether the server itself still has a text for an account. What a server lost is no fault of the gateway. */
  readonly isKept?: (n: number, text: string) => Promise<boolean>;
  /** Writes a text into the room of all accounts. */
  readonly peerSendsToRoom: (text: string) => Promise<void>;
}

/** Outcome of a cell. */
export interface CellOutcome extends FaultCell {
  /** Session states from the fault on. */
  readonly states: readonly string[];
  /** Sentences about what went wrong; empty where all is well. */
  readonly faults: readonly string[];
}

/** Accounts that meet faults at the same time. */
const SLOTS = 40;
let runs = 0;
const PATIENCE_MS = 90_000;

/** Runs all cells on a real core and server. Each has a proxy and an app of its own. */
export async function runFaultMatrix(
  server: TestRedis,
  matrix: MatrixNetwork,
  cells: readonly FaultCell[],
): Promise<readonly CellOutcome[]> {
  const core = await connectionCore(server, { platform: impatient(matrix.network.platform) });
  core.startWorker();
  const outcomes: CellOutcome[] = [];
  const waiting = [...cells.entries()];
  const run = `cell${++runs}`;
  const work = async (slot: number): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, cell] = next;
      outcomes[index] = await runCell(core, matrix, cell, { app: `${run}-${index}`, n: slot });
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(SLOTS, cells.length) }, (_, slot) => work(slot)));
  } finally {
    await core.close();
  }
  return outcomes;
}

type Core = Awaited<ReturnType<typeof connectionCore>>;

async function runCell(
  core: Core,
  matrix: MatrixNetwork,
  cell: FaultCell,
  { app, n }: { readonly app: string; readonly n: number },
): Promise<CellOutcome> {
  const { network } = matrix;
  const { frames, steps } = matrix;
  const proxy = await faultProxy({ upstream: network.port, frames, steps });
  const faults: string[] = [];
  let states: readonly string[] = [];
  try {
    const account = await core.put(app, network.accountAt(n, proxy.port));
    await core.until(app, (events) => statesOf(events).includes("online"), PATIENCE_MS);
    for (const activity of matrix.preparation(n)) await core.result(app, await core.post(app, activity));
    const before = (await core.events(app)).length;
    const armed = proxy.arm(cell.step, cell.fault);
    const rid = await provoke(core, matrix, cell, { app, n, proxy });
    const wasAway = rid === undefined && !matrix.onlineSteps.includes(cell.step);
    await withPatience(armed.struck, `step ${cell.step} did not come`);
    if (cell.final)
      await core.until(app, (events) => statesOf(events.slice(before)).includes(`${cell.final}`), PATIENCE_MS);
    else faults.push(...(await recovery(core, matrix, { app, n, before, rid, wasAway })));
    states = statesOf((await core.events(app)).slice(before));
    const expected = cell.final === undefined ? [] : [cell.final];
    const ends = states.filter((state) => state === "needs-login" || state === "restricted");
    if (ends.join() !== expected.join()) faults.push(`final: ${ends.join() || "none"}`);
    await core.remove(app, account);
  } catch (thrown) {
    faults.push(thrown instanceof Error ? thrown.message : String(thrown));
    states = statesOf(await core.events(app));
  } finally {
    await proxy.close();
  }
  return { ...cell, states, faults };
}

interface CellRun {
  readonly app: string;
  readonly n: number;
}

/** Makes the step happen: by a message, by staying online, or by a reconnect. Returns the message's rid. */
async function provoke(
  core: Core,
  { network, messageStep, onlineSteps }: MatrixNetwork,
  { step }: FaultCell,
  { app, n, proxy }: CellRun & { readonly proxy: FaultProxy },
): Promise<string | undefined> {
  if (step === messageStep) return String(await core.post(app, network.sendTo(n, `${app} out`)));
  if (onlineSteps.includes(step)) return undefined;
  proxy.sendToClients("", { closes: true });
  // The account is away now, and connects again in half a second.
  if (network.keepsMissed) await network.peerSends(n, `${app} away`);
  return undefined;
}

interface RecoveryFacts {
  /** Number of events before the fault. */
  readonly before: number;
  readonly rid: string | undefined;
  /** Whether the fault met a reconnect, with a message sent before. */
  readonly wasAway: boolean;
}

/** Waits until the account hears again, and lists what was lost or doubled meanwhile. */
async function recovery(
  core: Core,
  { network, peerSendsToRoom, isKept }: MatrixNetwork,
  { app, n, before, rid, wasAway }: CellRun & RecoveryFacts,
): Promise<readonly string[]> {
  const faults: string[] = [];
  const sent: string[] = [];
  const send = async (text: string): Promise<void> => {
    await network.peerSends(n, `${app} ${text}`);
    await peerSendsToRoom(`${app} room ${text}`);
    sent.push(`${app} ${text}`, `${app} room ${text}`);
  };
  /** Waits for what was sent since the last call; returns what did not arrive. */
  const missing = async (): Promise<readonly string[]> => {
    const texts = sent.splice(0);
    const lacking = (events: readonly LoggedEvent[]) => texts.filter((text) => !bodiesOf(events).includes(text));
    await core.until(app, (events) => lacking(events).length === 0, PATIENCE_MS).catch(() => undefined);
    return lacking(await core.events(app));
  };
  if (network.keepsMissed) {
    if (wasAway) sent.push(`${app} away`);
    await send("meanwhile");
    const lost: string[] = [];
    for (const text of await missing()) {
      if (text !== `${app} away` || (await isKept?.(n, text)) !== false) lost.push(text);
      else console.log(`${text}: the server itself lost it`);
    }
    if (lost.length > 0) faults.push(`lost what came meanwhile: ${lost.join(", ")}`);
    await send("after");
    const unheard = await missing();
    if (unheard.length > 0) faults.push(`hears nothing any more: ${unheard.join(", ")}`);
  } else if (!(await hearsAgain(core, app, send))) faults.push("hears nothing any more");
  const events = await core.events(app);
  const bodies = bodiesOf(events).filter((body) => body.startsWith(`${app} `));
  if (new Set(bodies).size !== bodies.length) faults.push(`doubled: ${bodies.join(", ")}`);
  const isOnline = (all: readonly LoggedEvent[]) => (statesOf(all).at(-1) ?? "online") === "online";
  await core.until(app, (all) => isOnline(all.slice(before)), PATIENCE_MS).catch(() => faults.push("stays offline"));
  if (rid !== undefined) faults.push(...(await sendFaults(core, network, app, rid)));
  return faults;
}

/** Writes until a text arrives, directly and in the room, where the network keeps nothing. */
async function hearsAgain(core: Core, app: string, send: (text: string) => Promise<void>): Promise<boolean> {
  for (const ends = Date.now() + PATIENCE_MS; Date.now() < ends; await sleep(250)) {
    // The peer finds nobody while the account is away.
    await send(`again ${Date.now()}`).catch(() => undefined);
    const hears = (events: readonly LoggedEvent[], start: string) =>
      bodiesOf(events).some((text) => text.startsWith(`${app} ${start}`));
    const hasHeard = (events: readonly LoggedEvent[]) => hears(events, "again") && hears(events, "room again");
    const isHeard = await core.until(app, hasHeard, 1_000).then(
      () => true,
      () => false,
    );
    if (isHeard) return true;
  }
  return false;
}

/** Lists the faults of a message: it has exactly one result, which is true. */
async function sendFaults(
  core: Core,
  { peerReceived }: MatrixNetwork["network"],
  app: string,
  rid: string,
): Promise<readonly string[]> {
  const { status } = await core.result(app, rid, PATIENCE_MS);
  const results = (await core.events(app)).filter((event) => event.type === "result" && String(event.rid) === rid);
  if (results.length !== 1) return [`${results.length} results`];
  if (status !== "sent") return status === "failed" || status === "unknown" ? [] : [`result ${status}`];
  const received = await peerReceived(`${app} out`);
  return received === 1 ? [] : [`sent, and received ${received} times`];
}

async function withPatience(work: Promise<void>, message: string): Promise<void> {
  const stop = new AbortController();
  const late = sleep(PATIENCE_MS, undefined, { signal: stop.signal }).then(() => {
    throw new Error(message);
  });
  late.catch(() => undefined);
  await Promise.race([work, late]).finally(() => stop.abort());
}

const statesOf = (events: readonly LoggedEvent[]): string[] =>
  events.flatMap(({ type, state }) => (type === "session" && state !== undefined ? [state] : []));
const bodiesOf = (events: readonly LoggedEvent[]): string[] =>
  events.flatMap(({ type, verb, object, self }) =>
    type === "activity" && verb === "send" && self !== true ? [String(object?.body).trim()] : [],
  );

/** Shortens the waits that networks ask for, which a test has no time for. */
function impatient(platform: Platform): Platform {
  const hurried = (thrown: unknown): Failure => failureWith(platform.classifyError(thrown), { retryAfterMs: 100 });
  const { connect } = platform;
  if (!connect) return platform;
  return {
    ...platform,
    connect: (context) =>
      connect({ ...context, onDisconnected: (thrown) => context.onDisconnected(hurried(thrown)) }).catch(
        (thrown: unknown) => {
          throw hurried(thrown);
        },
      ),
  };
}

/** Renders outcomes as a table: steps down, answers across. `ok` recovered, `END` final as defined, `!` a fault. */
export function matrixTable(outcomes: readonly CellOutcome[]): string {
  const steps = [...new Set(outcomes.map(({ step }) => step))];
  const answers = [...new Set(outcomes.map(({ answer }) => answer))];
  const width = Math.max(...steps.map(({ length }) => length));
  const lines = answers.map((answer, index) => `${String(index + 1).padStart(3)} ${answer}`);
  const head = `${"".padEnd(width)} ${answers.map((_, index) => String(index + 1).padStart(3)).join(" ")}`;
  const rows = steps.map((step) => {
    const marks = answers.map((answer) => {
      const cell = outcomes.find((outcome) => outcome.step === step && outcome.answer === answer);
      if (!cell) return "";
      return cell.faults.length > 0 ? "!" : cell.final ? "END" : "ok";
    });
    return `${step.padEnd(width)} ${marks.map((mark) => mark.padStart(3)).join(" ")}`;
  });
  return [...lines, head, ...rows].join("\n");
}
