import type { Command } from "commander";
import type { AppRegistry } from "../apps/registry.ts";
import type { Caller } from "../model/caller.ts";
import { describeActivity } from "../operations/describe-activity.ts";
import { cancelActivity, type EndActivityDeps } from "../operations/end-activity.ts";
import { standingOf } from "../operations/standing.ts";
import type { Outbox } from "../outbox/outbox.ts";
import { idOfApp, operatorOf, refusalText } from "./app-option.ts";
import { type Terminal, terminal } from "./apps.ts";

/** Stores of the activities' commands. Opened when a command runs, closed after it. */
export interface ActivityTools extends EndActivityDeps {
  readonly outbox: EndActivityDeps["outbox"] & Pick<Outbox, "headOf">;
  readonly registry: Pick<AppRegistry, "list">;
  readonly close: () => Promise<void>;
}

interface Options {
  readonly app: string;
}

/** Adds `dragoman activities show|cancel --app`. */
export function activityCommands(
  program: Command,
  connect: () => Promise<ActivityTools>,
  io: Terminal = terminal,
): void {
  const group = program.command("activities").description("Accepted activities.");
  const run = async (
    command: Command,
    { app }: Options,
    work: (tools: ActivityTools, caller: Caller) => Promise<void>,
  ): Promise<void> => {
    const tools = await connect();
    const refused = await idOfApp(tools.registry, app)
      .then((id) => work(tools, operatorOf(id)))
      .then(() => undefined, refusalText)
      .finally(() => tools.close());
    if (refused !== undefined) command.error(`error: ${refused}`);
  };

  group
    .command("show")
    .argument("<rid>")
    .requiredOption("--app <app>", "name or id of the app (required)")
    .description("Shows the status of an activity and the earlier activity that it waits for.")
    .action((rid: string, options: Options, command: Command) =>
      run(command, options, async (tools, caller) => {
        io.out(JSON.stringify(standingOf(await describeActivity(tools, caller, rid)), null, 2));
      }),
    );

  group
    .command("cancel")
    .argument("<rid...>")
    .requiredOption("--app <app>", "name or id of the app (required)")
    .description("Cancels activities that are not being sent; later ones of the conversation continue.")
    .action((rids: readonly string[], options: Options, command: Command) =>
      run(command, options, async (tools, caller) => {
        for (const rid of rids) {
          const { status } = await cancelActivity(tools, caller, rid);
          io.out(`${rid} ${status}`);
        }
      }),
    );
}
