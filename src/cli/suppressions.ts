import type { Command } from "commander";
import type { AppRegistry } from "../apps/registry.ts";
import { optional } from "../model/optional.ts";
import {
  liftSuppression,
  listSuppressions,
  type ShownSuppression,
  type SuppressionDeps,
  shownSuppression,
  suppressAddress,
} from "../operations/suppressions.ts";
import { APP_OPTION, type AppOption, forApp, type RunForApp } from "./app-option.ts";
import { type Terminal, terminal } from "./apps.ts";

/** Stores of `dragoman suppressions`. Opened when a command runs, closed after it. */
export interface SuppressionTools extends SuppressionDeps {
  readonly registry: Pick<AppRegistry, "list">;
  readonly close: () => Promise<void>;
}

interface Options extends AppOption {
  readonly json?: boolean;
}

const PAGE = 100;

/** Adds `dragoman suppressions list|add|remove`. */
export function suppressionCommands(
  program: Command,
  connect: () => Promise<SuppressionTools>,
  io: Terminal = terminal,
): void {
  const group = program
    .command("suppressions")
    .description("Addresses to which nothing is sent: they do not exist, complained, or were added.");
  const run = forApp(connect);
  listCommand(group, run, io);
  addCommand(group, run, io);
  removeCommand(group, run, io);
}

function listCommand(group: Command, run: RunForApp<SuppressionTools>, io: Terminal): void {
  group
    .command("list")
    .option(...APP_OPTION)
    .option("--address <address>", "only this address")
    .option("--json", "one JSON object per line")
    .description("Lists suppressed addresses, newest first: time, reason, platform, address, id, and details.")
    .action(({ address, json, ...options }: Options & { address?: string }, command: Command) =>
      run(command, options, async (tools, { app }) => {
        for await (const entry of all(tools, app, address))
          io.out(json ? JSON.stringify(entry) : suppressionLine(entry));
      }),
    );
}

async function* all(tools: SuppressionDeps, app: string, address?: string): AsyncGenerator<ShownSuppression> {
  const query = { limit: PAGE, ...optional("address", address) };
  let page = await listSuppressions(tools, app, query);
  yield* page.suppressions.map(shownSuppression);
  while (page.next !== undefined) {
    page = await listSuppressions(tools, app, { ...query, after: page.next });
    yield* page.suppressions.map(shownSuppression);
  }
}

function addCommand(group: Command, run: RunForApp<SuppressionTools>, io: Terminal): void {
  group
    .command("add")
    .argument("<platform>", "platform, such as email")
    .argument("<address>", "address that gets nothing any more")
    .option(...APP_OPTION)
    .option("--detail <text>", "note, such as unsubscribed")
    .option("--json", "the suppression as JSON on one line")
    .description("Suppresses an address.")
    .action(
      (
        platform: string,
        address: string,
        { detail, json, ...options }: Options & { detail?: string },
        command: Command,
      ) =>
        run(command, options, async (tools, { app }) => {
          const request = { platform, address, ...optional("detail", detail?.slice(0, 200)) };
          const { outcome, suppression } = await suppressAddress(tools, app, request);
          if (outcome === "known") io.say("The address was suppressed already.");
          const shown = shownSuppression(suppression);
          io.out(json ? JSON.stringify(shown) : suppressionLine(shown));
        }),
    );
}

function removeCommand(group: Command, run: RunForApp<SuppressionTools>, io: Terminal): void {
  group
    .command("remove")
    .argument("<id...>", "ids of suppressions, as the list shows them")
    .option(...APP_OPTION)
    .option("--json", "one JSON object per line")
    .description("Lifts suppressions: their addresses get messages again.")
    .action((ids: readonly string[], { json, ...options }: Options, command: Command) =>
      run(command, options, async (tools, { app }) => {
        for (const id of ids) {
          await liftSuppression(tools, app, id);
          io.out(json ? JSON.stringify({ id }) : id);
        }
      }),
    );
}

function suppressionLine({ since, reason, platform, address, id, detail }: ShownSuppression): string {
  const more = detail === undefined ? "" : `  ${detail}`;
  return `${since}  ${reason}  ${platform}  ${address}  ${id}${more}`.replace(/\p{Cc}/gu, "�");
}
