import { Command, CommanderError } from "commander";
import { expect, it } from "vitest";
import { type ConsoleTools, consoleCommand } from "../../../src/cli/console.ts";
import type { AuditEntry } from "../../../src/console/audit-log.ts";
import type { ConsoleUser } from "../../../src/console/console-user.ts";

async function run(args: readonly string[], more: Partial<ConsoleTools> = {}) {
  const out: string[] = [];
  const said: string[] = [];
  const users: ConsoleUser[] = [];
  const audit: AuditEntry[] = [];
  let closed = 0;
  const tools: ConsoleTools = {
    sessions: {
      issueLink: async (user) => {
        users.push(user);
        return "dgc_secret";
      },
    },
    audit: {
      append: async (entry) => {
        audit.push(entry);
      },
    },
    base: "https://example.org/gateway",
    isEnabled: true,
    close: async () => {
      closed += 1;
    },
    ...more,
  };
  const program = new Command("dragoman").exitOverride().configureOutput({ writeErr: (text) => said.push(text) });
  consoleCommand(program, async () => tools, { out: (line) => out.push(line), say: (line) => said.push(line) });
  for (const command of program.commands)
    command.exitOverride().configureOutput({ writeErr: (text) => said.push(text) });
  const code = await program.parseAsync(["console", ...args], { from: "user" }).then(
    () => 0,
    (error: unknown) => {
      if (!(error instanceof CommanderError)) throw error;
      return error.exitCode;
    },
  );
  return { code, out, said: said.join("\n"), users, audit, closed };
}

it("prints a link for an admin and records it", async () => {
  const { code, out, users, audit, closed } = await run(["--name", "ann"]);
  expect(code).toBe(0);
  expect(out).toEqual(["https://example.org/gateway/console/#/sign-in/dgc_secret"]);
  expect(users).toEqual([{ name: "ann", role: "admin" }]);
  expect(audit).toMatchObject([{ name: "ann", role: "admin", action: "sign-in link made by the command line" }]);
  expect(JSON.stringify(audit)).not.toContain("dgc_");
  expect(closed).toBe(1);
});

it("prints the link as JSON", async () => {
  const { out } = await run(["--name", "ann", "--json"]);
  const link = "https://example.org/gateway/console/#/sign-in/dgc_secret";
  expect(out.map((line) => JSON.parse(line))).toEqual([{ link, name: "ann", role: "admin", expiresIn: 600 }]);
});

it("makes links for viewers", async () => {
  expect((await run(["--role", "viewer", "--name", "Bob B."])).users).toEqual([{ name: "Bob B.", role: "viewer" }]);
});

it("refuses unknown roles and unusable names without making a link", async () => {
  const owner = await run(["--role", "owner"]);
  expect([owner.code, owner.users]).toEqual([1, []]);
  const name = await run(["--name", "a\nb"]);
  expect([name.code, name.users]).toEqual([1, []]);
  expect(name.said).toContain("--name takes 1 to 64");
});

it("says that the console is off", async () => {
  const { code, said, users, closed } = await run([], { isEnabled: false });
  expect([code, users, closed]).toEqual([1, [], 1]);
  expect(said).toContain("CONSOLE=false");
});
