import { describe, expect, it } from "vitest";
import type { Caller } from "../../../src/model/caller.ts";
import { type ActivityQuery, listActivities } from "../../../src/operations/list-activities.ts";
import type { History, HistoryEntry } from "../../../src/outbox/history.ts";
import type { ActivityRecord } from "../../../src/outbox/outbox.ts";

function recordOf(rid: string, more: Partial<ActivityRecord> = {}): ActivityRecord {
  return {
    id: rid,
    rid,
    platform: "email",
    verb: "send",
    lane: "",
    status: "sent",
    attempts: 1,
    acceptedAt: 0,
    dueAt: 0,
    expiresAt: 0,
    committed: true,
    actor: { address: "shop@example.com" },
    target: [{ address: "bob@example.com" }],
    outcomes: [],
    notes: [],
    ...more,
  };
}

/** History of the given records, newest first; counts its reads. */
function historyOf(records: readonly ActivityRecord[]) {
  const all: HistoryEntry[] = records.map((record, index) => ({
    rid: String(record.rid),
    acceptedAt: records.length - index,
    record,
  }));
  let reads = 0;
  const page: History["page"] = async (_app, { after }, size) => {
    reads += 1;
    const first = after === undefined ? 0 : all.findIndex(({ rid }) => rid === after.rid) + 1;
    return { entries: all.slice(first, first + size), isEnd: first + size >= all.length };
  };
  return { page, reads: () => reads };
}

const all: Pick<Caller, "app" | "limits"> = { app: "app1", limits: {} };
const query = (more: Partial<ActivityQuery> = {}): ActivityQuery => ({ filter: {}, range: {}, limit: 100, ...more });

async function ridsOf(records: readonly ActivityRecord[], filter: ActivityQuery["filter"], caller = all) {
  const { activities } = await listActivities({ history: historyOf(records) }, caller, query({ filter }));
  return activities.map(({ rid }) => rid);
}

describe("listActivities", () => {
  const records = [
    recordOf("a", { status: "failed", target: [{ address: "ann@example.com" }, { address: "Bob@Example.com" }] }),
    recordOf("b", { platform: "xmpp", verb: "join" }),
    recordOf("c", { actor: { address: "News@example.com" } }),
  ];

  it.each([
    ["status", { statuses: ["failed", "unknown"] as const }, ["a"]],
    ["platform", { platforms: ["xmpp"] }, ["b"]],
    ["verb", { verbs: ["send"] }, ["a", "c"]],
    ["actor, whatever its case", { actors: ["news@EXAMPLE.com"] }, ["c"]],
    ["any of the targets", { targets: ["bob@example.com"], verbs: ["send"] }, ["a", "c"]],
    ["whole addresses", { targets: ["bob"] }, []],
  ])("filters by %s", async (_what, filter, expected) => {
    expect(await ridsOf(records, filter)).toEqual(expected);
  });

  it("shows a token the activities within its limits only", async () => {
    const limits = { actors: ["shop@example.com"], platforms: ["email"] };
    expect(await ridsOf(records, {}, { app: "app1", limits })).toEqual(["a"]);
    expect(await ridsOf(records, {}, { app: "app1", limits: { actors: [] } })).toEqual([]);
  });

  it("pages through all matches once", async () => {
    const many = Array.from({ length: 1_000 }, (_, index) =>
      recordOf(`r${index}`, { status: index % 7 === 0 ? "failed" : "sent" }),
    );
    const history = historyOf(many);
    const found: unknown[] = [];
    let after: ActivityQuery["range"]["after"];
    do {
      const range = after === undefined ? {} : { after };
      const page = await listActivities(
        { history },
        all,
        query({ filter: { statuses: ["failed"] }, range, limit: 10 }),
      );
      found.push(...page.activities.map(({ rid }) => rid));
      after = page.next;
    } while (after !== undefined);
    expect(found).toEqual(many.filter(({ status }) => status === "failed").map(({ rid }) => rid));
  });

  it("looks at a bounded number of activities for a page, and tells where to go on", async () => {
    const history = historyOf(Array.from({ length: 6_000 }, (_, index) => recordOf(`r${index}`)));
    const filter = { targets: ["nobody@example.com"] };
    const first = await listActivities({ history }, all, query({ filter }));
    expect(first).toEqual({ activities: [], next: { rid: "r4999", acceptedAt: 1_001 } });
    expect(history.reads()).toBe(20);
    const range = first.next === undefined ? {} : { after: first.next };
    expect(await listActivities({ history }, all, query({ filter, range }))).toEqual({ activities: [] });
  });
});
