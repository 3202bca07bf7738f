import { Command } from "commander";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deadLetterCommands } from "../../../src/cli/dead-letters.ts";
import { silentLog } from "../../../src/model/log.ts";
import { submitActivity } from "../../../src/operations/submit-activity.ts";
import { redisDeadLetters } from "../../../src/outbox/dead-letters.ts";
import { laneQueues } from "../../../src/outbox/lane-queues.ts";
import { redisOutbox } from "../../../src/outbox/redis-outbox.ts";
import { platformRegistry } from "../../../src/platform/platform-registry.ts";
import { platforms } from "../../../src/platforms/index.ts";
import { runCommand } from "../../support/command-run.ts";
import { gateway } from "../../support/gateway.ts";

let gw: Awaited<ReturnType<typeof gateway>>;
beforeAll(async () => {
  gw = await gateway({ PLATFORMS: "+dummy" });
  const { key } = await gw.registry.createApp("shop", ["send"]);
  const answer = await fetch(`${gw.url}/gateway/activities`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", Prefer: "wait=20" },
    body: JSON.stringify({
      rid: "late",
      platform: "dummy",
      verb: "fail",
      actor: { address: "alice" },
      target: { address: "bob" },
      object: { body: "Hi", kind: "retryable", retryAfterMs: 60_000 },
      options: { expiresIn: 30 },
    }),
  });
  expect(((await answer.json()) as { status: string }).status).toBe("failed");
});
afterAll(() => gw.stop());

async function dragoman(...args: string[]) {
  const out: string[] = [];
  const stderr: string[] = [];
  const redis = gw.client;
  const outbox = redisOutbox({ redis, quota: 100, eventsKept: 1_000, retentionSeconds: 3_600 });
  const lanes = laneQueues({ redis, log: silentLog });
  const { find } = platformRegistry(platforms({}));
  const sending = { outbox, lanes, find, basePath: "/gateway", log: silentLog, admit: async () => undefined };
  const program = new Command("dragoman");
  deadLetterCommands(
    program,
    async () => ({
      registry: gw.registry,
      outbox,
      deadLetters: redisDeadLetters({ redis, retentionSeconds: 3_600 }),
      submit: submitActivity(sending),
      close: lanes.close,
    }),
    { out: (line) => out.push(line), say: (line) => stderr.push(line) },
  );
  const code = await runCommand(program, ["dead-letters", ...args], { out, stderr });
  return { out, stderr: stderr.join("\n"), code };
}

test("dead-letters lists, shows and replays once", async () => {
  const { out } = await dragoman("list", "--app", "shop");
  expect(out.map((line) => JSON.parse(line).rid)).toEqual(["late"]);
  const shown = await dragoman("show", "late", "--app", "shop");
  expect(JSON.parse(shown.out.join(""))).toMatchObject({ rid: "late", object: { body: "Hi" } });
  const replayed = await dragoman("replay", "late", "--app", "shop");
  expect(replayed.out).toEqual([`replay.${JSON.parse(out[0] as string).id}`]);
  const again = await dragoman("replay", "late", "--app", "shop");
  expect([again.out, again.stderr]).toEqual([replayed.out, "late was replayed before."]);
});

test("dead-letters prints one JSON object per line with --json", async () => {
  const listed = await dragoman("list", "--app", "shop", "--json");
  expect(listed.out.map((line) => JSON.parse(line).rid)).toContain("late");
  const shown = await dragoman("show", "late", "--app", "shop", "--json");
  expect(shown.out.map((line) => JSON.parse(line))).toEqual([expect.objectContaining({ rid: "late" })]);
  const replayed = await dragoman("replay", "late", "--app", "shop", "--json");
  expect(replayed.out.map((line) => JSON.parse(line))).toEqual([
    { rid: "late", confirm: expect.objectContaining({ rid: expect.stringMatching(/^replay\./) }), replayed: true },
  ]);
});

test("dead-letters reports an unknown app or rid in one line", async () => {
  expect(await dragoman("list", "--app", "nobody")).toMatchObject({ code: 1, out: [] });
  const { code, stderr } = await dragoman("show", "nothing", "--app", "shop");
  expect([code, stderr]).toEqual([1, "error: The app has no dead letter with this rid.\n"]);
});
