import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adminTokenCommands } from "../../../src/cli/admin-tokens.ts";
import { adminTokens } from "../../../src/console/admin-tokens.ts";
import { auditLog } from "../../../src/console/audit-log.ts";
import { runCommand } from "../../support/command-run.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";

let server: TestRedis;
let redis: ReturnType<TestRedis["connect"]>;
beforeAll(async () => {
  server = await testRedis();
  redis = server.connect();
});
afterAll(() => server.stop());

async function run(...args: readonly string[]) {
  const out: string[] = [];
  const stderr: string[] = [];
  const program = new Command("dragoman");
  const connect = async () => ({
    tokens: adminTokens({ redis }),
    audit: auditLog({ redis }),
    close: async () => undefined,
  });
  adminTokenCommands(program, connect, { out: (line) => out.push(line), say: (line) => stderr.push(line) });
  const code = await runCommand(program, ["admin-token", ...args], { out, stderr });
  return { out, stderr: stderr.join("\n"), code };
}

describe("dragoman admin-token", () => {
  it("makes a token that works, lists it without its secret, and revokes it", async () => {
    const [text = ""] = (await run("create", "deploy")).out;
    const holder = await adminTokens({ redis }).find(text);
    expect(holder).toMatchObject({ name: "deploy", role: "admin" });
    const listed = await run("list");
    expect(listed.out).toEqual([expect.stringMatching(`^${holder?.id}\tdeploy\tadmin\t`)]);
    expect(listed.out.join()).not.toContain(text);
    expect((await run("revoke", holder?.id ?? "")).out).toEqual([holder?.id]);
    expect(await adminTokens({ redis }).find(text)).toBeUndefined();
    const audit = await auditLog({ redis }).list(10);
    expect(audit.map(({ action }) => action)).toEqual([
      `admin token ${holder?.id} revoked`,
      `admin token ${holder?.id} made`,
    ]);
  });

  it("prints JSON where asked", async () => {
    const made = JSON.parse((await run("create", "report", "--role", "viewer", "--days", "7", "--json")).out[0] ?? "");
    expect(made).toMatchObject({ name: "report", role: "viewer", token: expect.stringMatching(/^dga_/) });
    const { token: _, ...shown } = made;
    expect((await run("list", "--json")).out.map((line) => JSON.parse(line))).toEqual([shown]);
    expect(JSON.parse((await run("revoke", made.id, "--json")).out[0] ?? "")).toEqual({ id: made.id });
  });

  it("refuses wrong input and makes nothing", async () => {
    for (const args of [
      ["create", "a\nb"],
      ["create", "x", "--days", "0"],
      ["create", "x", "--role", "owner"],
      ["revoke", "none"],
    ]) {
      const answer = await run(...args);
      expect([answer.code, answer.out]).toEqual([1, []]);
    }
    expect((await run("list")).out).toEqual([]);
  });
});
