import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import type { AppRegistry } from "../apps/registry.ts";
import type { Caller } from "../model/caller.ts";
import type { ResultEvent } from "../model/event.ts";
import { newId } from "../model/new-id.ts";
import { optional } from "../model/optional.ts";
import { Refusal } from "../model/refusal.ts";
import type { SubmitActivity } from "../operations/submit-activity.ts";
import { awaitResult } from "../streaming/await-result.ts";
import type { Tail } from "../streaming/subscriber.ts";
import { eventLine } from "./activity-lines.ts";
import { APP_OPTION, type AppOption, forApp } from "./app-option.ts";
import { type Terminal, terminal } from "./apps.ts";

/** Stores of `dragoman send`. Opened when the command runs, closed after it. */
export interface SendTools {
  readonly submit: SubmitActivity;
  readonly tail: Tail;
  readonly registry: Pick<AppRegistry, "list">;
  readonly close: () => Promise<void>;
}

interface Options extends AppOption {
  readonly platform?: string;
  readonly verb: string;
  readonly from?: string;
  readonly to?: readonly string[];
  readonly subject?: string;
  readonly body?: string;
  readonly object?: Readonly<Record<string, unknown>>;
  readonly rid?: string;
  readonly wait: number;
  readonly json?: boolean;
}

/** Exit code when no result came in time. */
const EXIT_NO_RESULT = 2;
const DEFAULT_WAIT_SECONDS = 30;
const EXAMPLES = `
Exit code: 0 when it was sent, 1 when it failed or was refused, 2 when there is no result yet.

Examples:
  dragoman send --platform email --from shop@example.org --to bob@example.org --subject Hi --body Hello
  uptime | dragoman send --platform xmpp --from me@example.org --to you@example.org --body -
  dragoman send < activity.json`;

/** Adds `dragoman send`, which submits one activity and waits for its result. `stdin` reads the standard input. */
export function sendCommand(
  program: Command,
  connect: () => Promise<SendTools>,
  io: Terminal = terminal,
  stdin: () => string = () => readFileSync(0, "utf8"),
): void {
  const run = forApp(connect);
  program
    .command("send")
    .description(
      "Sends one activity on any platform and waits for its result. Without --platform it reads JSON from standard input.",
    )
    .option(...APP_OPTION)
    .option("--platform <platform>", "platform: email, xmpp, irc, telegram …")
    .option("--verb <verb>", "verb", "send")
    .option("--from <address>", "sender: an account of the app, or any address for mail over a relay")
    .option("--to <address...>", "recipients")
    .option("--subject <text>", "subject")
    .option("--body <text>", "text; - reads it from standard input")
    .option("--object <json>", "further properties of the object, as JSON", objectOf)
    .option("--rid <rid>", "own id of the activity; repeated, it is sent once")
    .option("--wait <seconds>", "longest wait for the result", secondsOf, DEFAULT_WAIT_SECONDS)
    .option("--json", "the result as JSON on one line")
    .addHelpText("after", EXAMPLES)
    .action((options: Options, command: Command) =>
      run(command, options, async (tools, caller) => {
        const posted = options.platform === undefined ? parsed(stdin()) : built(options, stdin);
        report(await submitAndWait(tools, caller, posted, options), options, io);
      }),
    );
}

/** Prints a result, or the rid while there is none, and sets the exit code. */
function report(result: ResultEvent | string, { wait, json }: Options, io: Terminal): void {
  if (typeof result === "string") {
    io.say(`No result within ${wait} s; later: dragoman activities show ${result}`);
    io.out(json ? JSON.stringify({ rid: result }) : result);
    process.exitCode = EXIT_NO_RESULT;
    return;
  }
  io.out(json ? JSON.stringify(result) : eventLine(result));
  if (result.status !== "sent") process.exitCode = 1;
}

/** Submits an activity. Returns its result event, or its rid when none came in time. */
async function submitAndWait(
  { submit, tail }: SendTools,
  caller: Caller,
  posted: object,
  { wait }: Options,
): Promise<ResultEvent | string> {
  const rid = String("rid" in posted ? posted.rid : newId());
  const awaited = awaitResult(tail, caller.app, rid);
  let timer: NodeJS.Timeout | undefined;
  try {
    await awaited.ready;
    await submit(caller, posted, rid);
    const over = new Promise<string>((done) => {
      timer = setTimeout(() => done(rid), wait * 1_000);
    });
    return await Promise.race([awaited.result, over]);
  } finally {
    clearTimeout(timer);
    awaited.stop();
  }
}

function built(options: Options, stdin: () => string): object {
  const { platform, verb, from, to = [], subject, body, object, rid } = options;
  return {
    ...optional("rid", rid),
    platform,
    verb,
    ...(from === undefined ? {} : { actor: { address: from } }),
    ...(to.length === 0 ? {} : { target: to.map((address) => ({ address })) }),
    object: { ...optional("subject", subject), ...optional("body", body === "-" ? stdin() : body), ...object },
  };
}

function parsed(text: string): object {
  const value = jsonOf(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new Refusal("validation-failed", "Name a --platform, or give one activity as a JSON object on standard input.");
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  const value = jsonOf(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new InvalidArgumentError("It takes a JSON object.");
}

/** Returns the value of JSON text; undefined where it is none. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function secondsOf(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError("It takes a number of seconds.");
  return Number(text);
}
