import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { commandProgram } from "../../../src/cli/program.ts";
import { runCommand } from "../../support/command-run.ts";

/** Commands without a result to print as JSON, and their output. */
const WITHOUT_JSON: Readonly<Record<string, string>> = {
  serve: "log lines, until it is stopped",
  completion: "a script for a shell",
};

/** Commands that print or write files, and take --json with --check only. */
const FILES = ["proxy nginx", "proxy haproxy", "proxy apache"];

/** Returns every command that runs something, by its whole name. */
function commandsBelow(command: Command, path: readonly string[] = []): ReadonlyMap<string, Command> {
  if (command.commands.length === 0) return new Map([[path.join(" "), command]]);
  return new Map(command.commands.flatMap((sub) => [...commandsBelow(sub, [...path, sub.name()])]));
}

const commands = commandsBelow(commandProgram());

describe("Every command", () => {
  it("that is listed as without --json exists", () => {
    expect([...Object.keys(WITHOUT_JSON), ...FILES].filter((name) => !commands.has(name))).toEqual([]);
  });

  it.each([...commands])("takes --json: %s", (name, command) => {
    const takesJson = command.options.some(({ long }) => long === "--json");
    expect(takesJson).toBe(!(name in WITHOUT_JSON));
  });

  it.each(FILES)("whose output is files refuses --json without --check: %s", async (name) => {
    const [out, stderr]: [string[], string[]] = [[], []];
    const code = await runCommand(commandProgram(), [...name.split(" "), "--json"], { out, stderr });
    expect([code, out, stderr.join("")]).toEqual([1, [], expect.stringContaining("--json goes with --check")]);
  });
});
