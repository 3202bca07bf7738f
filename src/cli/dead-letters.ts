import type { Command } from "commander";
import { type AppRegistry, RegistryError } from "../apps/registry.ts";
import { describeDeadLetter, summarizeDeadLetter } from "../operations/describe-dead-letter.ts";
import { type ReplayDeps, replayDeadLetter } from "../operations/replay-dead-letter.ts";
import type { DeadLetter } from "../outbox/dead-letters.ts";
import { APP_OPTION, type AppOption, forApp } from "./app-option.ts";
import { type JsonOption, type Terminal, terminal } from "./apps.ts";

/** Stores of the dead letters' commands. Opened when a command runs, closed after it. */
export interface DeadLetterTools extends ReplayDeps {
  readonly registry: Pick<AppRegistry, "list">;
  readonly close: () => Promise<void>;
}

interface Options extends AppOption, JsonOption {}

const PAGE = 100;

/** Adds `dragoman dead-letters list|show|replay --app`, which print dead letters as JSON lines. */
export function deadLetterCommands(
  program: Command,
  connect: () => Promise<DeadLetterTools>,
  io: Terminal = terminal,
): void {
  const group = program.command("dead-letters").description("Failed deliveries (dead letters).");
  const run = forApp(connect);

  group
    .command("list")
    .option(...APP_OPTION)
    .option("--json", "one JSON object per line, as without it")
    .description("Lists dead letters, newest first, one JSON object per line.")
    .action((options: AppOption, command: Command) =>
      run(command, options, async ({ deadLetters }, { app }) => {
        for (let before: string | undefined, more = true; more; ) {
          const page = await deadLetters.list(app, { limit: PAGE, ...(before === undefined ? {} : { before }) });
          for (const letter of page.letters) io.out(JSON.stringify(summarizeDeadLetter(letter)));
          before = page.next;
          more = before !== undefined;
        }
      }),
    );

  group
    .command("show")
    .argument("<rid>")
    .option(...APP_OPTION)
    .option("--json", "JSON on one line")
    .description("Shows a dead letter with its content; secrets and attachments are left out.")
    .action((rid: string, options: Options, command: Command) =>
      run(command, options, async (tools, caller) => {
        const letter = await found(tools, caller.app, rid);
        const shown = describeDeadLetter(letter, await tools.outbox.blobs(caller.app, rid));
        io.out(JSON.stringify(shown, null, options.json ? 0 : 2));
      }),
    );

  group
    .command("replay")
    .argument("<rid...>")
    .option(...APP_OPTION)
    .option("--json", "one JSON object per line")
    .description("Sends dead letters again, each once over repeated calls; prints their new rids.")
    .action((rids: readonly string[], options: Options, command: Command) =>
      run(command, options, async (tools, caller) => {
        for (const rid of rids) {
          const { confirm, replayed } = await replayDeadLetter(tools, caller, await found(tools, caller.app, rid));
          io.out(options.json ? JSON.stringify({ rid, confirm, replayed }) : String(confirm.rid));
          if (replayed) io.say(`${rid} was replayed before.`);
        }
      }),
    );
}

async function found({ deadLetters }: DeadLetterTools, app: string, rid: string): Promise<DeadLetter> {
  const letter = await deadLetters.find(app, rid);
  if (letter === undefined) throw new RegistryError("The app has no dead letter with this rid.");
  return letter;
}
