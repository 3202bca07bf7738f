import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisAccounts } from "../../../src/accounts/redis-accounts.ts";
import { appRegistry } from "../../../src/apps/redis-registry.ts";
import { keyring } from "../../../src/crypto/keyring.ts";
import { redisEventLog } from "../../../src/event-log/redis-event-log.ts";
import { redisWebhookEndpoints } from "../../../src/inbound/webhook-endpoints.ts";
import { accountId } from "../../../src/model/account-id.ts";
import { SCOPES } from "../../../src/model/caller.ts";
import { deleteApp } from "../../../src/operations/delete-app.ts";
import { redisOutbox } from "../../../src/outbox/redis-outbox.ts";
import { redisTopics, topicId } from "../../../src/polling/redis-topics.ts";
import { keys } from "../../../src/redis/keys.ts";
import { redisWebhooks } from "../../../src/webhooks/redis-webhooks.ts";
import { newWebhookSecret } from "../../../src/webhooks/secret.ts";
import { activityOf, endOf, entryOf, sendingOf } from "../../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { result } from "../streaming/tail-fixture.ts";

const NOTIFIED = activityOf({ rid: "notified" });
const DSN_REQUEST = {
  to: "carol@x.y",
  recipients: [{ mailbox: "dave@x.y", address: "dave@x.y", onFailure: true, onSuccess: false }],
  fields: ["Subject: private"],
};

let server: TestRedis;

beforeAll(async () => {
  server = await testRedis();
});
afterAll(() => server.stop());

async function gateway() {
  const redis = server.connect();
  const ring = await keyring({ path: join(server.dir, "master.key"), opens: true });
  const eventLog = redisEventLog({ redis, eventsKept: 1_000 });
  const registry = appRegistry({ redis, keyring: ring, appendControl: eventLog.appendControl });
  const accounts = redisAccounts({ redis, keyring: ring });
  const endpoints = redisWebhookEndpoints({ redis, keyring: ring });
  const webhooks = redisWebhooks({ redis, keyring: ring, eventLog });
  const topics = redisTopics({ redis });
  const outbox = redisOutbox({ redis, quota: 100, eventsKept: 1_000, retentionSeconds: 60 });
  const notified: string[] = [];
  const lanes = { notifyAccountChanged: async (_app: string, id: string) => void notified.push(id) };

  /** Creates an app with state of every kind. */
  async function filledApp(name: string, otherRid: string) {
    const { app } = await registry.createApp(name, SCOPES);
    await accounts.put(app, { platform: "xmpp", address: "bob@x.y", credentials: { password: "p" }, online: true });
    await endpoints.open(app, "xmpp", accountId("xmpp", "bob@x.y"), { secret: "s" }, "routing");
    const filter = { name: "hook", url: "https://x.y", filter: {}, secret: newWebhookSecret(), replacesSecret: true };
    await webhooks.put(app, { ...filter, cursor: "latest" });
    await topics.subscribe({ app, platform: "feeds", actor: "a:b" }, "https://feed.example/shared", true);
    await eventLog.append(app, result("r1"));
    const blobs = new Map([["0", Buffer.from("attachment")]]);
    const claimable = entryOf(app, activityOf({ rid: "claimed" }), { blobs });
    await outbox.accept(claimable);
    await outbox.accept(entryOf(app, activityOf({ rid: otherRid }), { dueAt: Date.now() + 1_000_000 }));
    await outbox.accept(entryOf(app, NOTIFIED, { dsn: DSN_REQUEST }));
    await outbox.finalize(app, NOTIFIED.rid, claimable.lane, endOf(NOTIFIED, "expired"));
    return { app, lane: claimable.lane };
  }
  const remove = (nameOrId: string) =>
    deleteApp({ redis, registry, accounts, webhooks, topics, lanes, revocationMs: 0 }, nameOrId);
  return { redis, registry, topics, outbox, filledApp, remove, notified };
}

/** Returns every key and every member of an index that names the app. */
async function tracesOf(redis: ReturnType<TestRedis["connect"]>, app: string): Promise<string[]> {
  const tag = keys.tagOf(app);
  const found = (await redis.keys("*")).filter((key) => key.includes(app));
  const members = await Promise.all([
    ...[keys.lanes(tag), keys.due(tag), keys.deadlines(tag), ...(await redis.keys(`${tag}:ready:*`))].map((index) =>
      redis.zrange(index, "0", "-1"),
    ),
    redis.smembers(keys.activeHooks(tag)),
    redis.smembers(keys.apps),
    redis.hvals(keys.appNames),
    redis.hkeys(keys.dsns(tag)),
    ...(await redis.keys(`${tag}:wanted:*`)).map((index) => redis.smembers(index)),
  ]);
  return [...found, ...members.flat().filter((member) => member.includes(app))];
}

describe("deleteApp", () => {
  it("deletes all data of an app, and none of another", async () => {
    const { redis, registry, topics, filledApp, remove, notified } = await gateway();
    const { app } = await filledApp("doomed", "r2");
    const other = await filledApp("kept", `r:${app}:x`);
    const before = (await tracesOf(redis, other.app)).length;
    expect(await remove("doomed")).toMatchObject({ id: app, accounts: 1, webhooks: 1 });
    expect((await tracesOf(redis, app)).filter((trace) => !trace.includes(other.app))).toEqual([]);
    expect((await tracesOf(redis, other.app)).length).toBe(before);
    expect(notified).toEqual([accountId("xmpp", "bob@x.y")]);
    expect(await topics.subscribers(topicId("feeds", "https://feed.example/shared"))).toEqual([
      { app: other.app, actor: "a:b" },
    ]);
    expect((await registry.list()).map(({ name }) => name)).toEqual(["kept"]);
    await expect(registry.createApp("doomed", SCOPES)).resolves.toMatchObject({ name: "doomed" });
  });

  it("leaves nothing of an app in Redis' append-only file", async () => {
    const { filledApp, remove } = await gateway();
    const { app } = await filledApp("erased", "r2");
    const folder = join(server.dir, "appendonlydir");
    const holdsApp = async (): Promise<boolean> => {
      const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name))));
      // A revoked key's record, which names the app's id, stays for a while: it refuses the key.
      return files.some((file) => new RegExp(`\\}:[a-z-]+:${app}`).test(file.toString("latin1")));
    };
    expect(await holdsApp()).toBe(true);
    expect(await remove("erased")).toMatchObject({ isFileRewritten: true });
    await expect.poll(holdsApp, { timeout: 30_000 }).toBe(false);
  });

  it("cancels claimed work before its commit", async () => {
    const { outbox, filledApp, remove } = await gateway();
    const { app, lane } = await filledApp("working", "r2");
    const state = await outbox.claim(app, lane);
    if (state.kind !== "item") throw new Error(`lane is ${state.kind}`);
    await remove(app);
    expect(await outbox.commit(state.item, sendingOf(state.item))).toBe("lost");
  });

  it("refuses an unknown app", async () => {
    const { remove } = await gateway();
    await expect(remove("nobody")).rejects.toThrow("There is no such app");
  });
});
