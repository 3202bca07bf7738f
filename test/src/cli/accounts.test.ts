import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accountCommands } from "../../../src/cli/accounts.ts";
import type { Input } from "../../../src/cli/ask.ts";
import { silentLog } from "../../../src/model/log.ts";
import { laneQueues } from "../../../src/outbox/lane-queues.ts";
import { platformRegistry } from "../../../src/platform/platform-registry.ts";
import { platforms } from "../../../src/platforms/index.ts";
import { runCommand } from "../../support/command-run.ts";
import { gateway } from "../../support/gateway.ts";

let gw: Awaited<ReturnType<typeof gateway>>;
beforeAll(async () => {
  gw = await gateway({}, { works: false });
  await gw.registry.createApp("shop", ["accounts"]);
});
afterAll(() => gw.stop());

/** Runs `dragoman account`. Answers are those of a person, or the standard input of a program. */
async function account(args: readonly string[], answers: Readonly<Record<string, string>> | string = {}) {
  const out: string[] = [];
  const stderr: string[] = [];
  const asked: Array<readonly [string, boolean]> = [];
  const input: Input = {
    ask: async (question, isHidden) => {
      asked.push([question, isHidden]);
      return typeof answers === "string" ? "" : (answers[question] ?? "");
    },
    readAll: typeof answers === "string" ? async () => answers : undefined,
  };
  const lanes = laneQueues({ redis: gw.client, log: silentLog });
  const program = new Command("dragoman");
  accountCommands(
    program,
    async () => ({
      accounts: gw.accounts,
      endpoints: { open: async () => "none", close: async () => undefined },
      platforms: platformRegistry(platforms({})),
      registry: gw.registry,
      lanes,
      log: silentLog,
      close: lanes.close,
    }),
    { out: (line) => out.push(line), say: (line) => stderr.push(line) },
    () => input,
  );
  const code = await runCommand(program, ["account", ...args], { out, stderr });
  return { out: out.join("\n"), stderr: stderr.join("\n"), code, asked };
}

describe("dragoman account", () => {
  it("asks for the secret, hidden, and stores the login", async () => {
    const { code, out, asked } = await account(["add", "xmpp", "me@example.org", "--online"], { "password: ": "hush" });
    expect(asked).toEqual([["password: ", true]]);
    expect([code, out]).toEqual([0, "xmpp  me@example.org  stored  stays online"]);
  });

  it("takes the parts that are not secret as options, and asks for the others", async () => {
    const set = ["--set", "port=465", "mailbox.protocol=imap", "mailbox.host=imap.example.org"];
    const answers = { "host: ": "smtp.example.org", "password: ": "hush" };
    const { code, asked, stderr } = await account(["add", "smtp", "shop@example.org", ...set], answers);
    expect([code, asked, stderr]).toEqual([
      0,
      [
        ["host: ", false],
        ["password: ", true],
      ],
      "Stored.",
    ]);
  });

  it("takes no secret as an option", async () => {
    const { code, stderr, asked } = await account(["add", "xmpp", "me@example.org", "--set", "password=hush"]);
    expect([code, asked, stderr]).toEqual([1, [], expect.stringContaining("leave it out")]);
    expect(stderr).not.toContain("hush");
  });

  it("reads the rest of the login from standard input where there is no terminal", async () => {
    const { code, out } = await account(["add", "xmpp", "you@example.org", "--json"], '{"password": "hush"}');
    expect([code, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({ address: "you@example.org", state: "stored" }),
    ]);
    expect(out).not.toContain("hush");
  });

  it.each([
    [["pigeon", "a@example.org"], "{}", "platforms"],
    [["xmpp", "a@example.org"], "{}", "password"],
    [["xmpp", "a@example.org"], "hush", "JSON object"],
    [["xmpp", "a@example.org", "--set", "port"], "{}", "name=value"],
    [["xmpp", "no address"], '{"password": "hush"}', "address"],
  ])("refuses %j in one sentence, without the secret", async (args, stdin, sentence) => {
    const { code, stderr } = await account(["add", ...args], stdin);
    expect([code, stderr]).toEqual([1, expect.stringContaining(sentence)]);
    expect(stderr).not.toContain("hush");
  });

  it("lists accounts and removes one, once confirmed", async () => {
    expect((await account(["list"])).out.split("\n").sort()).toEqual([
      "email  shop@example.org  stored",
      "xmpp  me@example.org  stored  stays online",
      "xmpp  you@example.org  stored",
    ]);
    expect((await account(["remove", "xmpp", "you@example.org"])).stderr).toContain("--yes");
    expect((await account(["remove", "xmpp", "YOU@example.org", "--yes"])).out).toMatch(/^acc_/);
    expect((await account(["remove", "xmpp", "you@example.org", "--yes"])).code).toBe(1);
    expect((await account(["list", "--json"])).out.split("\n")).toHaveLength(2);
  });
});
