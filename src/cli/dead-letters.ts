import type { Command } from "commander";
import { type AppRegistry, RegistryError } from "../apps/registry.ts";
import { describeDeadLetter, summarizeDeadLetter } from "../operations/describe-dead-letter.ts";
import { type ReplayDeps, replayDeadLetter } from "../operations/replay-dead-letter.ts";
import type { DeadLetter } from "../outbox/dead-letters.ts";
import { idOfApp, operatorOf, refusalText } from "./app-option.ts";
import { type Terminal, terminal } from "./apps.ts";

/** Stores of the dead letters' commands. Opened when a command runs, closed after it. */
export interface DeadLetterTools extends ReplayDeps {
  readonly registry: Pick<AppRegistry, "list">;
  readonly close: () => Promise<void>;
}

interface Asked {
  readonly app: string;
}
const PAGE = 100;

/** Adds `dragoman dead-letters list|show|replay --app`, which print dead letters as JSON lines. */
export function deadLetterCommands(
  program: Command,
  connect: () => Promise<DeadLetterTools>,
  io: Terminal = terminal,
): void {
  const group = program.command("dead-letters").description("Failed deliveries (dead letters).");
  const run = async (
    command: Command,
    { app }: Asked,
    work: (tools: DeadLetterTools, app: string) => Promise<void>,
  ): Promise<void> => {
    const tools = await connect();
    const refused = await idOfApp(tools.registry, app)
      .then((id) => work(tools, id))
      .then(() => undefined, refusalText)
      .finally(() => tools.close());
    if (refused !== undefined) command.error(`error: ${refused}`);
  };

  group
    .command("list")
    .requiredOption("--app <app>", "name or id of the app (required)")
    .description("Lists dead letters, newest first, one JSON object per line.")
    .action((asked: Asked, command: Command) =>
      run(command, asked, async ({ deadLetters }, app) => {
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
    .requiredOption("--app <app>", "name or id of the app (required)")
    .description("Shows a dead letter with its content; secrets and attachments are left out.")
    .action((rid: string, asked: Asked, command: Command) =>
      run(command, asked, async (tools, app) => {
        const letter = await found(tools, app, rid);
        io.out(JSON.stringify(describeDeadLetter(letter, await tools.outbox.blobs(app, rid)), null, 2));
      }),
    );

  group
    .command("replay")
    .argument("<rid...>")
    .requiredOption("--app <app>", "name or id of the app (required)")
    .description("Sends dead letters again, each once over repeated calls; prints their new rids.")
    .action((rids: readonly string[], asked: Asked, command: Command) =>
      run(command, asked, async (tools, app) => {
        for (const rid of rids) {
          const { confirm, replayed } = await replayDeadLetter(tools, operatorOf(app), await found(tools, app, rid));
          io.out(String(confirm.rid));
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
