import { afterAll, beforeAll, expect, it } from "vitest";
import { gatewayCore } from "../../../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../../../support/redis.ts";
import { activityOf, xAccount } from "../../../support/x-account.ts";
import { ALICE, BOB, oauth1Of } from "../../../support/x-simulator.ts";

let redis: TestRedis;
let x: Awaited<ReturnType<typeof xAccount>>;
beforeAll(async () => {
  redis = await testRedis();
  const limit = { calls: 15, seconds: 3 };
  const limits = {
    "POST /2/tweets": limit,
    "POST /2/dm_conversations/with/{participant_id}/messages": limit,
  };
  const readers = Array.from({ length: 100 }, (_, at) => ({ id: String(1_000 + at), username: `r${at}`, name: "R" }));
  x = await xAccount({ limits, people: [BOB, ALICE, ...readers] });
});
afterAll(async () => {
  await x.stop();
  await redis.stop();
});

/** Accounts by app; each app acts for one account here. Storage is not under test. */
function apps(people: Readonly<Record<string, string>>) {
  const { createClient, credentials: _, ...table } = x.platform;
  return {
    ...table,
    needsAccount: false,
    createClient: async (access: { readonly app: string }) =>
      createClient?.({ ...access, egress: x.egress, credentials: oauth1Of(String(people[access.app])) } as never),
  };
}

const kinds = [
  {
    name: "posts",
    // A lane is a conversation: each message has its own.
    request: (body: string, at: number) => ({ verb: "post", object: { body }, context: `thread ${at}`, target: [] }),
    arrived: () => x.server.posts.filter(({ author }) => author === BOB.id),
  },
  {
    name: "direct messages",
    request: (body: string, at: number) => ({
      verb: "send",
      object: { body },
      target: [{ address: String(1_000 + at) }],
    }),
    arrived: () => x.server.messages.filter(({ from }) => from === BOB.id),
  },
] as const;

it.each(kinds)(
  "100 $name at 15 calls in 3 s are all sent once, without delay for another account",
  async ({ name, request, arrived }) => {
    const [bob, alice] = [`bob ${name}`, `alice ${name}`].map((app) => app.replaceAll(" ", "-")) as [string, string];
    const core = gatewayCore(redis, [apps({ [bob]: BOB.id, [alice]: ALICE.id })]);
    core.startWorkers(50);
    const accepted = (app: string, count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, at) => {
          const { verb, ...rest } = request(`${app} ${at}`, at);
          const built = activityOf(x.platform, verb, rest);
          return core.accept(app, { ...built, actor: { address: `@${app}-${at}` } });
        }),
      );
    await accepted(bob, 100);
    await accepted(alice, 15);
    const alices = await core.results(alice, 15);
    expect(alices.map(({ status, attempts }) => `${status} ${attempts}`)).toEqual(Array(15).fill("sent 1"));
    const bobs = await core.results(bob, 100);
    expect(new Set(bobs.map(({ status }) => status))).toEqual(new Set(["sent"]));
    const texts = arrived().map(({ text }) => text);
    expect([texts.length, new Set(texts).size]).toEqual([100, 100]);
    // A deferred post is put into a window with room, so X itself refuses no call.
    expect(x.server.exchanges.filter(({ status }) => status === 429)).toEqual([]);
    expect(Math.max(...bobs.map(({ attempts }) => Number(attempts)))).toBeLessThanOrEqual(4);
    await core.close();
  },
  120_000,
);
