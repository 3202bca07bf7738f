import { type Caller, covers } from "../model/caller.ts";
import type { ActivityStatus } from "../outbox/activity-status.ts";
import type { History, HistoryEntry, HistoryRange } from "../outbox/history.ts";
import type { ActivityRecord } from "../outbox/outbox.ts";

/** Filters of a list of activities: one of the values of each. */
export interface ActivityFilter {
  readonly statuses?: readonly ActivityStatus[];
  readonly platforms?: readonly string[];
  readonly verbs?: readonly string[];
  readonly actors?: readonly string[];
  readonly targets?: readonly string[];
}

export interface ActivityQuery {
  readonly filter: ActivityFilter;
  readonly range: HistoryRange;
  readonly limit: number;
}

/** Page of a list. `next` is the place that the next page begins after; absent at the end. */
export interface ActivityPage {
  readonly activities: readonly ActivityRecord[];
  readonly next?: Pick<HistoryEntry, "rid" | "acceptedAt">;
}

/** Entries of one read of the history, and reads for one page. */
const ENTRIES_PER_READ = 250;
const MAX_READS = 20;

interface ListDeps {
  readonly history: Pick<History, "page">;
}

/** Lists the app's activities that the caller's limits and the filter cover, newest first. A page may be short, or empty. */
export async function listActivities(
  deps: ListDeps,
  { app, limits }: Pick<Caller, "app" | "limits">,
  { filter, range, limit }: ActivityQuery,
): Promise<ActivityPage> {
  const matches = matcher(filter);
  const isFiltered = [...Object.values(filter), ...Object.values(limits)].some((values) => values !== undefined);
  const activities: ActivityRecord[] = [];
  let next: ActivityPage["next"];
  for await (const { rid, acceptedAt, record, isLast } of scan(
    deps,
    app,
    range,
    isFiltered ? ENTRIES_PER_READ : limit,
  )) {
    if (record !== undefined && covers(limits, record) && matches(record)) activities.push(record);
    next = isLast ? undefined : { rid, acceptedAt };
    if (activities.length === limit) break;
  }
  return next === undefined ? { activities } : { activities, next };
}

/** Yields entries of the history, newest first, up to a number of reads. `isLast` tells that no older ones are left. */
async function* scan({ history }: ListDeps, app: string, range: HistoryRange, size: number) {
  let { after } = range;
  for (let reads = 0; reads < MAX_READS; reads++) {
    const { entries, isEnd } = await history.page(app, after === undefined ? range : { ...range, after }, size);
    for (const [index, entry] of entries.entries()) {
      yield { ...entry, isLast: isEnd && index === entries.length - 1 };
      after = { rid: entry.rid, acceptedAt: entry.acceptedAt };
    }
    if (isEnd) return;
  }
}

/** Makes the check of a filter. Addresses are compared without regard to case. */
function matcher({ statuses, platforms, verbs, actors, targets }: ActivityFilter) {
  const addresses = (values: readonly string[] | undefined) =>
    values && new Set(values.map((one) => one.toLowerCase()));
  const [isActor, isTarget] = [addresses(actors), addresses(targets)];
  return ({ status, platform, verb, actor, target }: ActivityRecord): boolean =>
    (statuses === undefined || statuses.includes(status)) &&
    (platforms === undefined || platforms.includes(platform)) &&
    (verbs === undefined || verbs.includes(verb)) &&
    (isActor === undefined || isActor.has(actor.address.toLowerCase())) &&
    (isTarget === undefined || target.some(({ address }) => isTarget.has(address.toLowerCase())));
}
