import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, Option } from "commander";
import { type Config, givenSettings, readConfig, settings } from "../config/settings.ts";
import type { Log } from "../model/log.ts";
import { pinoLog } from "../process/logger.ts";
import { redaction } from "../process/redaction.ts";
import { announce } from "./announce.ts";
import { version } from "./version.ts";

/** Ends a process that was told to stop within 30 s (promise "graceful"). */
const LONGEST_STOP_MS = 29_000;

/** Adds `dragoman serve`. */
export function serveCommand(program: Command): void {
  program
    .command("serve")
    .description("Runs the gateway until SIGTERM or SIGINT.")
    .addOption(
      new Option("--role <role>", "all (API and a worker process), api or worker (default: ROLE)").choices([
        "all",
        "api",
        "worker",
      ]),
    )
    .action(async (options: { role?: Config["role"] }) => {
      const config = readConfig();
      await serve(config, options.role ?? config.role);
    });
}

async function serve(config: Config, role: Config["role"]): Promise<void> {
  const hidden = redaction();
  for (const url of [config.redisUrl, config.smtpUrl]) for (const secret of secretsIn(url)) hidden.hide(secret);
  const log = pinoLog({ level: levelOf(config), role: role === "worker" ? "worker" : "api", redaction: hidden });
  onFatal(log);
  let started = false;
  const hurry = new AbortController();
  const stopping = stopSignal(log, () => started, hurry);
  // Late, so that --help and the other commands don't load the whole gateway.
  const { start } = await import("../main.ts");
  const entry = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));
  const running = await start(config, role, log, {
    version: version(readFileSync),
    entry,
    env: process.env,
    hideSecret: hidden.hide,
    isTerminal: process.stdout.isTTY,
    onOrphaned: () => process.kill(process.pid, "SIGTERM"),
  });
  announce(config, running);
  started = true;
  await stopping;
  await running.stop(hurry.signal);
  process.exit(0);
}

/**
 * Resolves at the first SIGTERM or SIGINT. A supervisor's SIGTERM leaves the proxies their grace; a person, or a second
 * SIGTERM, does not wait for it. Under npm one Ctrl-C arrives more than once, so later ones change nothing else.
 * The process ends by force when stopping takes too long, and at once while it has not even started.
 */
function stopSignal(log: Log, started: () => boolean, hurry: AbortController): Promise<void> {
  return new Promise((done) => {
    let isStopping = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (!started()) process.exit(128 + constants.signals[signal]);
      if (isStopping || signal !== "SIGTERM") hurry.abort();
      if (isStopping) return;
      isStopping = true;
      log.info({ signal }, "Stopping");
      setTimeout(() => {
        log.error({}, "shutdown took too long; exiting");
        process.exit(1);
      }, LONGEST_STOP_MS).unref();
      done();
    };
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, onSignal);
  });
}

/** Ends the process after an uncaught error: say so and end. A supervisor starts it again. */
function onFatal(log: Log): void {
  const end = (error: unknown): void => {
    log.error({ error }, "uncaught error; exiting");
    process.exit(70);
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}

/** A person at a terminal reads the greeting. The everyday lines are for files and journals, unless LOG_LEVEL asks. */
function levelOf(config: Config): Config["logLevel"] {
  const asked = givenSettings()[settings.logLevel.env] !== undefined;
  return process.stderr.isTTY && !asked ? "warn" : config.logLevel;
}

function secretsIn(url: string): readonly string[] {
  const login = /:\/\/[^:@/]*:([^@/]+)@/.exec(url)?.[1];
  if (login === undefined) return [];
  try {
    return [login, decodeURIComponent(login)];
  } catch {
    return [login];
  }
}
