import type { Activity } from "../../../model/activity.ts";
import type { Receipt, TopicStatus, VerbContext } from "../../../platform/platform.ts";
import { opmlOf } from "../client/document/opml.ts";
import { memoryOf } from "../inbound/state-schema.ts";
import type { QueryObject } from "../schemas/subscribe.ts";

const USUAL = 200;
/** Of one answer; the rest comes with `next`. */
const ANSWER_BYTES = 200 * 1024;

/** Tells what the actor follows and how each feed stands, or gives it as OPML. */
export async function query({ object }: Activity, context: VerbContext): Promise<Receipt> {
  const { format = "list", limit = USUAL, after = "" } = object as QueryObject;
  const topics = (await context.subscriptions()).filter((topic) => topic > after);
  const page = topics.slice(0, limit);
  const rows = await Promise.all(page.map(async (topic) => rowOf(topic, await context.topicStatus(topic))));
  const fitting = within(rows);
  const more = fitting.length < topics.length ? { next: fitting.at(-1)?.address } : {};
  if (format === "list") return { outcomes: [], object: { feeds: fitting, total: topics.length, ...more } };
  return { outcomes: [], object: { opml: opmlOf(fitting), total: topics.length, ...more } };
}

interface Row {
  readonly address: string;
  readonly title?: string;
  readonly status: "waiting" | "ok" | "failing";
}

function rowOf(address: string, standing: TopicStatus | undefined): Row {
  const memory = memoryOf(standing?.state);
  const { fails = 0, polledAt, nextAt, error } = standing ?? {};
  const seconds = polledAt === undefined || nextAt === undefined ? undefined : Math.round((nextAt - polledAt) / 1_000);
  return {
    address,
    ...given("title", memory?.title),
    status: fails > 0 ? "failing" : memory ? "ok" : "waiting",
    ...given("polledAt", iso(polledAt)),
    ...given("nextAt", iso(nextAt)),
    ...given("intervalSeconds", seconds !== undefined && seconds >= 0 ? seconds : undefined),
    ...given("changedAt", iso(memory?.changed)),
    ...given("movedTo", memory?.url),
    ...given("hub", memory?.hub?.url),
    ...(fails > 0 ? { fails, ...given("error", error) } : {}),
  };
}

function within(rows: readonly Row[]): readonly Row[] {
  let left = ANSWER_BYTES;
  const kept = rows.findIndex((row) => {
    left -= Buffer.byteLength(JSON.stringify(row)) + 100;
    return left < 0;
  });
  return kept < 0 ? rows : rows.slice(0, Math.max(1, kept));
}

function iso(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

function given<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value };
}
