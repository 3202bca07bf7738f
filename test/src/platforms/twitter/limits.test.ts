import { afterAll, beforeAll, expect, it } from "vitest";
import { gatewayCore } from "../../../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../../../support/redis.ts";
import { activityOf, xAccount } from "../../../support/x-account.ts";
import { ALICE, BOB, oauth1Of } from "../../../support/x-stand-in.ts";

let redis: TestRedis;
let x: Awaited<ReturnType<typeof xAccount>>;
beforeAll(async () => {
  redis = await testRedis();
  const limits = { "POST /2/tweets": { calls: 15, seconds: 5 } };
  x = await xAccount({ limits });
});
afterAll(async () => {
  await x.stop();
  await redis.stop();
});

it("100 posts at 15 calls in 5 s all get out once, and another account's are not held up by them", async () => {
  // Each app acts for one account here; where accounts are stored is not what this is about.
  const { open, credentials: _, ...table } = x.platform;
  const people: Readonly<Record<string, string>> = { "app-bob": BOB.id, "app-alice": ALICE.id };
  const platform = {
    ...table,
    needsAccount: false,
    open: async (access: { readonly app: string }) =>
      open?.({ ...access, egress: x.egress, credentials: oauth1Of(String(people[access.app])) } as never),
  };
  const core = gatewayCore(redis, [platform]);
  core.startWorkers(50);
  const posts = (app: string, count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, at) => {
        const context = `thread ${at}`;
        const made = activityOf(platform, "post", { object: { body: `${app} ${at}` }, context });
        // A lane is a conversation: each post has one of its own.
        return core.accept(app, { ...made, actor: { address: `@${app}-${at}` } });
      }),
    );
  await posts("app-bob", 100);
  await posts("app-alice", 15);
  const alices = await core.results("app-alice", 15);
  expect(alices.map(({ status, attempts }) => `${status} ${attempts}`)).toEqual(Array(15).fill("sent 1"));
  const bobs = await core.results("app-bob", 100);
  expect(new Set(bobs.map(({ status }) => status))).toEqual(new Set(["sent"]));
  const texts = x.server.posts.filter(({ author }) => author === BOB.id).map(({ text }) => text);
  expect([texts.length, new Set(texts).size]).toEqual([100, 100]);
  // Whoever is put off is put off to a window with room for it: X itself has to turn nobody away.
  expect(x.server.asked.filter(({ status }) => status === 429)).toEqual([]);
  expect(Math.max(...bobs.map(({ attempts }) => Number(attempts)))).toBeLessThanOrEqual(4);
  await core.close();
}, 120_000);
