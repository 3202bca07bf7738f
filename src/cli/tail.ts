import { once } from "node:events";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { AppRegistry } from "../apps/registry.ts";
import type { Filter } from "../event-log/filter.ts";
import { EVENT_TYPES, type Event, type EventType } from "../model/event.ts";
import { optional } from "../model/optional.ts";
import type { Tail } from "../streaming/subscriber.ts";
import { eventLine } from "./activity-lines.ts";
import { APP_OPTION, type AppOption, forApp } from "./app-option.ts";
import { type Terminal, terminal } from "./apps.ts";

/** Stores of `dragoman tail`. Opened when the command runs, closed after it. */
export interface TailTools {
  readonly tail: Tail;
  readonly canonicalId: (platform: string) => string;
  readonly registry: Pick<AppRegistry, "list">;
  readonly close: () => Promise<void>;
}

interface Options extends AppOption {
  readonly type?: readonly EventType[];
  readonly platform?: readonly string[];
  readonly actor?: readonly string[];
  readonly rid?: readonly string[];
  readonly all?: boolean;
  readonly count?: number;
  readonly json?: boolean;
}

/** Adds `dragoman tail`, which prints an app's events as they come. `interrupted` ends it. */
export function tailCommand(
  program: Command,
  connect: () => Promise<TailTools>,
  io: Terminal = terminal,
  interrupted: () => Promise<unknown> = () => Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]),
): void {
  const run = forApp(connect);
  program
    .command("tail")
    .description("Prints an app's events as they come, until Ctrl-C: results, receipts, what arrives.")
    .option(...APP_OPTION)
    .addOption(new Option("--type <type...>", "types of events").choices(EVENT_TYPES))
    .option("--platform <platform...>", "platforms")
    .option("--actor <address...>", "addresses of those who act, or of own accounts")
    .option("--rid <rid...>", "rids")
    .option("--all", "begin with the oldest event that is kept")
    .option("--count <number>", "end after so many events", countOf)
    .option("--json", "one JSON object per line, with the event's cursor")
    .action((options: Options, command: Command) =>
      run(command, options, async ({ tail, canonicalId }, { app }) => {
        const after = options.all ? "earliest" : "latest";
        let left = options.count ?? Number.POSITIVE_INFINITY;
        await new Promise<void>((done, failed) => {
          tail
            .subscribe(
              { app, after, filter: filterOf(options, canonicalId) },
              {
                onGap: () => io.say("Some events were lost here: they are no longer kept."),
                onEvents: ({ events }) => {
                  for (const { json, cursor } of events.slice(0, left)) io.out(shown(json, cursor, options));
                  left -= Math.min(left, events.length);
                  if (left === 0) done();
                },
              },
            )
            .then((subscription) => interrupted().then(() => subscription.stop()))
            .then(done, failed);
        });
      }),
    );
}

function filterOf(options: Options, canonicalId: (platform: string) => string): Filter {
  return {
    ...optional("types", options.type),
    ...optional("platforms", options.platform?.map(canonicalId)),
    ...optional("actors", options.actor),
    ...optional("rids", options.rid),
  };
}

function shown(json: string, cursor: string, { json: asJson }: Options): string {
  const event = JSON.parse(json) as Event;
  return asJson ? JSON.stringify({ ...event, cursor }) : eventLine(event);
}

function countOf(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("It takes a number from 1 on.");
  return Number(text);
}
