import { Command } from "commander";
import { afterAll, beforeAll, expect, it } from "vitest";
import { activityCommands } from "../../../src/cli/activities.ts";
import { silentLog } from "../../../src/model/log.ts";
import { redisDeadLetters } from "../../../src/outbox/dead-letters.ts";
import { redisHistory } from "../../../src/outbox/history.ts";
import { laneQueues } from "../../../src/outbox/lane-queues.ts";
import { redisOutbox } from "../../../src/outbox/redis-outbox.ts";
import { runCommand } from "../../support/command-run.ts";
import { gateway } from "../../support/gateway.ts";

let gw: Awaited<ReturnType<typeof gateway>>;
let key = "";
beforeAll(async () => {
  gw = await gateway({ PLATFORMS: "+dummy" });
  ({ key } = await gw.registry.createApp("shop", ["send"]));
});
afterAll(() => gw.stop());

async function post(rid: string, verb: string, object: object): Promise<void> {
  const answer = await fetch(`${gw.url}/gateway/activities`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify({
      rid,
      platform: "dummy",
      verb,
      actor: { address: "alice" },
      target: { address: "bob" },
      object: { body: "Hi", ...object },
      options: { expiresIn: 172_800 },
    }),
  });
  expect(answer.status).toBe(202);
}

async function statusOf(rid: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`${gw.url}/gateway/activities/${rid}`, { headers: { Authorization: `Bearer ${key}` } });
  return (await answer.json()) as Record<string, unknown>;
}

function tools() {
  const redis = gw.client;
  const lanes = laneQueues({ redis, log: silentLog });
  const outbox = redisOutbox({ redis, quota: 100, eventsKept: 1_000, retentionSeconds: 3_600 });
  return {
    registry: gw.registry,
    outbox,
    lanes,
    history: redisHistory({ redis, maxEntries: 1_000, retentionSeconds: 3_600 }),
    canonicalId: (platform: string) => platform,
    deadLetters: redisDeadLetters({ redis, retentionSeconds: 3_600 }),
    submit: () => Promise.reject(new Error("no test submits")),
    close: lanes.close,
  };
}

async function dragoman(...args: string[]) {
  const out: string[] = [];
  const stderr: string[] = [];
  const program = new Command("dragoman");
  activityCommands(program, async () => tools(), { out: (line) => out.push(line), say: (line) => stderr.push(line) });
  const code = await runCommand(program, ["activities", ...args], { out, stderr });
  return { out: out.join("\n"), stderr: stderr.join("\n"), code };
}

it("the operator sees what a conversation waits for, and lets it go on", async () => {
  await post("head", "fail", { kind: "retryable", retryAfterMs: 3_600_000 });
  await expect.poll(() => statusOf("head"), { timeout: 20_000 }).toMatchObject({ status: "deferred" });
  await post("behind", "echo", {});
  const shown = JSON.parse((await dragoman("show", "behind", "--app", "shop")).out);
  expect(shown).toMatchObject({ status: "queued", waitsFor: { rid: "head", status: "deferred" } });
  expect(await statusOf("behind")).toEqual(shown);
  expect(await dragoman("cancel", "head", "--app", "shop")).toMatchObject({ out: "head cancelled", code: 0 });
  await expect.poll(() => statusOf("behind"), { timeout: 20_000 }).toMatchObject({ status: "sent" });
});

it("an address leads to the reason of what never came", async () => {
  await post("lost", "fail", { kind: "permanent" });
  await expect.poll(() => statusOf("lost"), { timeout: 20_000 }).toMatchObject({ status: "failed" });
  const line = /^20\S+Z {2}failed {2}dummy fail {2}alice -> bob {2}lost {2}platform-rejected: /;
  expect((await dragoman("list", "--target", "BOB", "--status", "failed")).out).toMatch(line);
  const json = (await dragoman("list", "--verb", "fail", "--status", "failed", "--json", "--app", "shop")).out;
  expect(JSON.parse(json)).toMatchObject({ rid: "lost", error: { code: "platform-rejected" } });
  expect((await dragoman("list", "--limit", "2")).out.split("\n")).toHaveLength(2);
  expect(await dragoman("list", "--target", "nobody")).toMatchObject({ out: "", code: 0 });
  expect(await dragoman("list", "--until", "2000-01-01")).toMatchObject({ out: "", code: 0 });
});

it.each([
  ["--since", "long ago", "24h"],
  ["--status", "gone", "queued"],
  ["--limit", "0", "number"],
])("%s %s is refused with what it takes", async (option, value, takes) => {
  const { code, stderr } = await dragoman("list", option, value);
  expect([code, stderr]).toEqual([1, expect.stringContaining(takes)]);
});

it("resending tells why an activity is not sent again", async () => {
  const { code, stderr } = await dragoman("resend", "lost");
  expect([code, stderr]).toEqual([1, expect.stringContaining("refused it for good")]);
  expect((await dragoman("resend", "nothing")).code).toBe(1);
});

it("where there are several apps, one must be named", async () => {
  const { app } = await gw.registry.createApp("second", ["send"]);
  const { code, stderr } = await dragoman("list");
  expect([code, stderr]).toEqual([1, expect.stringContaining("--app")]);
  expect(await dragoman("list", "--app", app)).toMatchObject({ out: "", code: 0 });
});

it("tells in a line that an app or rid is not there, or was sent", async () => {
  expect(await dragoman("show", "head", "--app", "nobody")).toMatchObject({ code: 1, out: "" });
  expect(await dragoman("cancel", "nothing", "--app", "shop")).toMatchObject({ code: 1, out: "" });
  const { code, stderr } = await dragoman("cancel", "behind", "--app", "shop");
  expect([code, stderr]).toEqual([1, expect.stringContaining("has ended")]);
});
