import type { Command } from "commander";
import type { AppRegistry } from "../apps/registry.ts";
import type { Caller } from "../model/caller.ts";
import { Refusal } from "../model/refusal.ts";
import { describeActivity } from "../operations/describe-activity.ts";
import { cancelActivity, type EndActivityDeps } from "../operations/end-activity.ts";
import { type ReplayDeps, replayDeadLetter } from "../operations/replay-dead-letter.ts";
import { standingOf } from "../operations/standing.ts";
import type { SubmitResult } from "../operations/submit-activity.ts";
import type { Outbox } from "../outbox/outbox.ts";
import { type ListTools, listCommand } from "./activity-list.ts";
import { APP_OPTION, type AppOption, forApp, type RunForApp } from "./app-option.ts";
import { type Terminal, terminal } from "./apps.ts";

/** Stores of the activities' commands. Opened when a command runs, closed after it. */
export interface ActivityTools extends EndActivityDeps, ListTools {
  readonly outbox: EndActivityDeps["outbox"] & Pick<Outbox, "headOf" | "blobs">;
  readonly deadLetters: ReplayDeps["deadLetters"];
  readonly submit: ReplayDeps["submit"];
  readonly registry: Pick<AppRegistry, "list">;
  readonly close: () => Promise<void>;
}

interface Options extends AppOption {
  readonly json?: boolean;
}

/** Adds `dragoman activities list|show|cancel|resend`. */
export function activityCommands(
  program: Command,
  connect: () => Promise<ActivityTools>,
  io: Terminal = terminal,
): void {
  const group = program.command("activities").description("Accepted activities, and what became of them.");
  const run = forApp(connect);
  listCommand(group, run, io);
  showCommand(group, run, io);
  cancelCommand(group, run, io);
  resendCommand(group, run, io);
}

function showCommand(group: Command, run: RunForApp<ActivityTools>, io: Terminal): void {
  group
    .command("show")
    .argument("<rid>")
    .option(...APP_OPTION)
    .option("--json", "JSON on one line")
    .description("Shows an activity as JSON: its status, its timeline, and the earlier activity that it waits for.")
    .action((rid: string, options: Options, command: Command) =>
      run(command, options, async (tools, caller) => {
        io.out(JSON.stringify(standingOf(await describeActivity(tools, caller, rid)), null, options.json ? 0 : 2));
      }),
    );
}

function cancelCommand(group: Command, run: RunForApp<ActivityTools>, io: Terminal): void {
  group
    .command("cancel")
    .argument("<rid...>")
    .option(...APP_OPTION)
    .option("--json", "one JSON object per line")
    .description("Cancels activities that are not being sent; later ones of the conversation continue.")
    .action((rids: readonly string[], options: Options, command: Command) =>
      run(command, options, async (tools, caller) => {
        for (const rid of rids) {
          const { status } = await cancelActivity(tools, caller, rid);
          io.out(options.json ? JSON.stringify({ rid, status }) : `${rid} ${status}`);
        }
      }),
    );
}

function resendCommand(group: Command, run: RunForApp<ActivityTools>, io: Terminal): void {
  group
    .command("resend")
    .argument("<rid...>")
    .option(...APP_OPTION)
    .option("--json", "one JSON object per line")
    .description(
      "Sends activities again that ended undelivered and may succeed now, each once over repeated calls; prints their new rids.",
    )
    .action((rids: readonly string[], options: Options, command: Command) =>
      run(command, options, async (tools, caller) => {
        for (const rid of rids) {
          const { confirm, replayed } = await resend(tools, caller, rid);
          io.out(options.json ? JSON.stringify({ rid, confirm, replayed }) : String(confirm.rid));
          if (replayed) io.say(`${rid} was sent again before.`);
        }
      }),
    );
}

/** Replays the dead letter of an rid. Throws `Refusal` that says why another activity is not sent again. */
async function resend(tools: ActivityTools, caller: Caller, rid: string): Promise<SubmitResult> {
  const letter = await tools.deadLetters.find(caller.app, rid);
  if (letter !== undefined) return replayDeadLetter(tools, caller, letter);
  const { stored } = await describeActivity(tools, caller, rid);
  throw new Refusal("too-late", `${rid} is not sent again: ${WHY_NOT[stored.status] ?? "it has not ended yet"}.`);
}

const WHY_NOT: Readonly<Record<string, string>> = {
  sent: "it was sent",
  failed: "the network refused it for good; correct it and send it anew",
  partial: "the network refused the rest for good; correct it and send it anew",
  unknown: "it may have arrived; ask the recipient, then send it anew",
  cancelled: "it was cancelled; send it anew",
  expired: "its lifetime ended before the first attempt; send it anew",
};
