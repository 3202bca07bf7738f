import { type Command, InvalidArgumentError, Option } from "commander";
import type { Caller } from "../model/caller.ts";
import { optional } from "../model/optional.ts";
import { type ActivityQuery, listActivities } from "../operations/list-activities.ts";
import { summaryOf } from "../operations/standing.ts";
import { ACTIVITY_STATUSES, type ActivityStatus } from "../outbox/activity-status.ts";
import type { History } from "../outbox/history.ts";
import { activityLine } from "./activity-lines.ts";
import { APP_OPTION, type AppOption, type RunForApp } from "./app-option.ts";
import type { Terminal } from "./apps.ts";

/** Stores of `dragoman activities list`. */
export interface ListTools {
  /** Undefined where the setting HISTORY is off. */
  readonly history: Pick<History, "page"> | undefined;
  /** Returns a platform's own id for any of its names. */
  readonly canonicalId: (platform: string) => string;
}

interface Options extends AppOption {
  readonly status?: readonly ActivityStatus[];
  readonly platform?: readonly string[];
  readonly verb?: readonly string[];
  readonly actor?: readonly string[];
  readonly target?: readonly string[];
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
  readonly json?: boolean;
}

const DEFAULT_LIMIT = 100;
const MAX_PAGE = 100;
const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Adds `dragoman activities list`. */
export function listCommand(group: Command, run: RunForApp<ListTools>, io: Terminal): void {
  group
    .command("list")
    .description(
      "Lists what became of activities, newest first: time, status, platform and verb, addresses, rid, and the reason of failures.",
    )
    .option(...APP_OPTION)
    .addOption(new Option("--status <status...>", "statuses").choices(ACTIVITY_STATUSES))
    .option("--platform <platform...>", "platforms")
    .option("--verb <verb...>", "verbs")
    .option("--actor <address...>", "senders' addresses")
    .option("--target <address...>", "recipients' addresses")
    .option("--since <time>", "accepted since: 90m, 24h, 7d ago, or a time such as 2030-12-31T23:59Z", momentOf)
    .option("--until <time>", "accepted until", momentOf)
    .option("--limit <number>", "maximum number", countOf, DEFAULT_LIMIT)
    .option("--json", "one JSON object per line")
    .addHelpText(
      "after",
      "\nExample: why did nothing arrive there?\n  dragoman activities list --target bob@example.org",
    )
    .action((options: Options, command: Command) =>
      run(command, options, async (tools, caller) => {
        const { history } = tools;
        if (history === undefined) return command.error("error: the list is switched off by the setting HISTORY");
        const found = await printAll({ history }, caller, queryOf(options, tools), (record) =>
          io.out(options.json ? JSON.stringify(summaryOf(record)) : activityLine(record)),
        );
        if (found === 0) io.say("No activity fits. Ended ones are listed for RETENTION_HOURS.");
      }),
    );
}

async function printAll(
  deps: { readonly history: Pick<History, "page"> },
  caller: Caller,
  query: ActivityQuery,
  print: (record: Awaited<ReturnType<typeof listActivities>>["activities"][number]) => void,
): Promise<number> {
  let found = 0;
  for (let { range } = query; found < query.limit; ) {
    const limit = Math.min(query.limit - found, MAX_PAGE);
    const { activities, next } = await listActivities(deps, caller, { ...query, range, limit });
    for (const record of activities) print(record);
    found += activities.length;
    if (next === undefined) break;
    range = { ...range, after: next };
  }
  return found;
}

function queryOf({ limit, since, until, ...options }: Options, { canonicalId }: ListTools): ActivityQuery {
  return {
    filter: {
      ...optional("statuses", options.status),
      ...optional("platforms", options.platform?.map(canonicalId)),
      ...optional("verbs", options.verb),
      ...optional("actors", options.actor),
      ...optional("targets", options.target),
    },
    range: { ...optional("since", since), ...optional("until", until) },
    limit,
  };
}

function momentOf(text: string): number {
  const [, count, unit = ""] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const ms = count === undefined ? Date.parse(text) : Date.now() - Number(count) * (UNIT_MS[unit] ?? 0);
  if (Number.isNaN(ms)) throw new InvalidArgumentError("It takes 90m, 24h, 7d, or a time such as 2030-12-31T23:59Z.");
  return ms;
}

function countOf(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("It takes a number from 1 on.");
  return Number(text);
}
