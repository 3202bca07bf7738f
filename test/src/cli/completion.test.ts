import { execFileSync } from "node:child_process";
import { Command, Option } from "commander";
import { describe, expect, it } from "vitest";
import { completionScript } from "../../../src/cli/completion.ts";

function program(): Command {
  const root = new Command("dragoman").option("--env-file <file>", "settings");
  const app = root.command("app").description("Apps and what isn't one.");
  app.command("create").option("--scopes <list>", "scopes");
  app.command("list");
  root.command("serve").addOption(new Option("--role <role>").choices(["all"]));
  return root;
}

/** Returns what bash offers at the end of a line. */
function offered(line: string): readonly string[] {
  const words = line.split(" ");
  const run = `${completionScript(program(), "bash")}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dragoman; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", run, "bash", ...words], { encoding: "utf8" })
    .trim()
    .split("\n");
}

describe("completion", () => {
  it.each([
    ["dragoman ", ["app", "serve", "help", "--env-file", "--help"]],
    ["dragoman a", ["app"]],
    ["dragoman app ", ["create", "list", "help", "--help"]],
    ["dragoman --env-file x app c", ["create"]],
    ["dragoman app create --s", ["--scopes"]],
    ["dragoman app create shop --", ["--scopes", "--help"]],
    ["dragoman serve --r", ["--role"]],
  ])("in bash offers after '%s' what may follow", (line, expected) => {
    expect([...offered(line)].sort()).toEqual([...expected].sort());
  });

  it("in zsh uses the same words", () => {
    const script = completionScript(program(), "zsh");
    expect(script).toMatch(/^autoload -U \+X bashcompinit && bashcompinit\n/);
    expect(script).toContain(completionScript(program(), "bash"));
  });

  it("in fish describes each word, within quotes that hold", () => {
    const lines = completionScript(program(), "fish").split("\n");
    expect(lines).toContain(
      "complete -c dragoman -f -n 'not __fish_seen_subcommand_from app serve help' -a app -d 'Apps and what isn\\'t one.'",
    );
    expect(lines).toContain(
      "complete -c dragoman -n '__fish_seen_subcommand_from app; and __fish_seen_subcommand_from create' -l scopes -d 'scopes'",
    );
  });
});
