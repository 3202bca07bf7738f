import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { suppressionCommands } from "../../../src/cli/suppressions.ts";
import { platforms } from "../../../src/platforms/index.ts";
import { redisSuppressions } from "../../../src/suppressions/redis-suppressions.ts";
import { runCommand } from "../../support/command-run.ts";
import { gateway } from "../../support/gateway.ts";

let gw: Awaited<ReturnType<typeof gateway>>;
beforeAll(async () => {
  gw = await gateway({}, { works: false });
  await gw.registry.createApp("shop", ["send"]);
});
afterAll(() => gw.stop());

async function suppressions(...args: readonly string[]) {
  const out: string[] = [];
  const stderr: string[] = [];
  const program = new Command("dragoman");
  suppressionCommands(
    program,
    async () => ({
      suppressions: redisSuppressions({ redis: gw.client }),
      enabled: platforms({}),
      registry: gw.registry,
      close: async () => undefined,
    }),
    { out: (line) => out.push(line), say: (line) => stderr.push(line) },
  );
  const code = await runCommand(program, ["suppressions", ...args], { out, stderr });
  return { out, stderr: stderr.join("\n"), code };
}

describe("dragoman suppressions", () => {
  it("adds, lists and lifts addresses", async () => {
    const added = await suppressions("add", "smtp", "bob@example.org", "--detail", "left", "--json");
    const entry = JSON.parse(added.out[0] ?? "");
    expect(entry).toMatchObject({ platform: "email", address: "bob@example.org", reason: "added", detail: "left" });
    expect((await suppressions("add", "email", "BOB@example.org")).stderr).toContain("already");
    await suppressions("add", "email", "ann@example.org");
    expect((await suppressions("list", "--json")).out.map((line) => JSON.parse(line).address).toSorted()).toEqual([
      "ann@example.org",
      "bob@example.org",
    ]);
    expect((await suppressions("list", "--address", "bob@example.org")).out).toEqual([
      `${entry.since}  added  email  bob@example.org  ${entry.id}  left`,
    ]);
    expect((await suppressions("remove", entry.id)).out).toEqual([entry.id]);
    expect((await suppressions("list", "--address", "bob@example.org")).out).toEqual([]);
  });

  it("lists more than a page", async () => {
    for (let index = 0; index < 205; index++) await suppressions("add", "email", `p${index}@example.org`);
    const listed = (await suppressions("list", "--json")).out.map((line) => JSON.parse(line).address);
    expect(new Set(listed).size).toBe(listed.length);
    expect(listed.filter((address: string) => /^p\d+@/.test(address))).toHaveLength(205);
  });

  it("refuses wrong input in a line", async () => {
    for (const [args, text] of [
      [["add", "irc", "bob"], "has no suppression list"],
      [["add", "email", "bob"], "is no address of this platform"],
      [["add", "pigeon", "bob"], "GET /platforms"],
      [["remove", "acc_none"], "No suppression"],
    ] as const) {
      const answer = await suppressions(...args);
      expect([answer.code, answer.stderr]).toEqual([1, expect.stringContaining(text)]);
    }
  });
});
