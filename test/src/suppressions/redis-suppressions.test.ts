import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accountId } from "../../../src/model/account-id.ts";
import { redisSuppressions, SUPPRESSION_CURSOR } from "../../../src/suppressions/redis-suppressions.ts";
import { MAX_SUPPRESSIONS, type SuppressionReason, type Suppressions } from "../../../src/suppressions/suppressions.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";

let server: TestRedis;
let suppressions: Suppressions;
beforeAll(async () => {
  server = await testRedis();
  suppressions = redisSuppressions({ redis: server.connect() });
});
afterAll(() => server.stop());

const entryOf = (address: string, reason: SuppressionReason = "bounced") => ({
  id: accountId("email", address),
  platform: "email",
  address,
  reason,
  detail: 'said "no" }',
});
const listed = async (app: string) =>
  (await suppressions.list(app, { limit: 100 })).suppressions.map(({ address }) => address);

describe("redisSuppressions", () => {
  it("keeps an address once, whatever its case, with the first reason", async () => {
    const first = await suppressions.add("once", entryOf("bob@far.example"));
    expect(first).toMatchObject({ outcome: "added", suppression: entryOf("bob@far.example") });
    const again = await suppressions.add("once", entryOf("BOB@far.example", "added"));
    expect(again).toEqual({ ...first, outcome: "known" });
    expect(await suppressions.find("once", entryOf("Bob@Far.example").id)).toMatchObject({
      address: "bob@far.example",
    });
    expect(await suppressions.find("other", entryOf("bob@far.example").id)).toBeUndefined();
  });

  it("lists page by page, newest first, also while entries are removed", async () => {
    const addresses = ["a", "b", "c", "d", "e"].map((name) => `${name}@far.example`);
    for (const address of addresses) await suppressions.add("pages", entryOf(address));
    const seen: string[] = [];
    for (let after: string | undefined, more = true; more; more = after !== undefined) {
      const page = await suppressions.list("pages", { limit: 2, ...(after === undefined ? {} : { after }) });
      if (page.next !== undefined) expect(page.next).toMatch(SUPPRESSION_CURSOR);
      seen.push(...page.suppressions.map(({ address }) => address));
      const last = page.suppressions.at(-1);
      if (last !== undefined) await suppressions.remove("pages", last.id);
      after = page.next;
    }
    // Within a millisecond the order is that of the ids.
    expect(seen.toSorted()).toEqual(addresses);
  });

  it("removes an entry with its place in the order, once", async () => {
    await suppressions.add("gone", entryOf("bob@far.example"));
    const { id } = entryOf("bob@far.example");
    expect([await suppressions.remove("gone", id), await suppressions.remove("gone", id)]).toEqual([true, false]);
    expect(await listed("gone")).toEqual([]);
    expect(await server.connect().keys("*:gone")).toEqual([]);
  });

  it("displaces the oldest bounce of a full list, never what the app added", async () => {
    await suppressions.add("full", entryOf("own@far.example", "added"));
    await suppressions.add("full", entryOf("bounced-and-added@far.example"));
    await suppressions.add("full", entryOf("bounced-and-added@far.example", "added"));
    await suppressions.add("full", entryOf("oldest@far.example"));
    const others = Array.from({ length: MAX_SUPPRESSIONS - 3 }, (_, index) => entryOf(`${index}@far.example`, "added"));
    await Promise.all(others.map((entry) => suppressions.add("full", entry)));
    expect((await suppressions.add("full", entryOf("mine@far.example", "added"))).outcome).toBe("full");
    expect((await suppressions.add("full", entryOf("newest@far.example", "complained"))).outcome).toBe("added");
    const find = (address: string) => suppressions.find("full", accountId("email", address));
    expect(await find("oldest@far.example")).toBeUndefined();
    expect(await find("own@far.example")).toBeDefined();
    expect(await find("bounced-and-added@far.example")).toMatchObject({ reason: "bounced" });
    expect((await suppressions.add("full", entryOf("later@far.example"))).outcome).toBe("added");
    expect(await find("newest@far.example")).toBeUndefined();
    await suppressions.remove("full", accountId("email", "later@far.example"));
    expect((await suppressions.add("full", entryOf("mine@far.example", "added"))).outcome).toBe("added");
    expect((await suppressions.add("full", entryOf("no-room@far.example"))).outcome).toBe("full");
  });
});
