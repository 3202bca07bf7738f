import { Argument, type Command } from "commander";
import { type Terminal, terminal } from "./apps.ts";

/** Words that may follow a command: its subcommands and options. */
interface Node {
  /** Names of the commands that lead here, separated by spaces. */
  readonly path: string;
  readonly subcommands: ReadonlyArray<{ readonly name: string; readonly about: string }>;
  readonly options: ReadonlyArray<{ readonly name: string; readonly about: string }>;
}

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

/** Adds `dragoman completion`, which prints a script for a shell. Add the other commands first. */
export function completionCommand(program: Command, io: Terminal = terminal): void {
  program
    .command("completion")
    .addArgument(new Argument("<shell>", "your shell").choices(SHELLS))
    .description("Prints a script that completes dragoman's commands and options in a shell.")
    .addHelpText(
      "after",
      `
Add one of these lines to your shell's start file:
  source <(dragoman completion bash)
  source <(dragoman completion zsh)
  dragoman completion fish | source`,
    )
    .action((shell: Shell) => io.out(completionScript(program, shell)));
}

/** Returns the script for a shell. All words are in it, so that completing starts no process. */
export function completionScript(program: Command, shell: Shell): string {
  const nodes = nodesOf(program);
  if (shell === "fish") return nodes.flatMap(fishLines).join("\n");
  const bash = bashScript(nodes);
  return shell === "bash" ? bash : `autoload -U +X bashcompinit && bashcompinit\n${bash}`;
}

function nodesOf(command: Command, path = ""): readonly Node[] {
  const help = command.createHelp();
  const subcommands = help
    .visibleCommands(command)
    .map((sub) => ({ name: sub.name(), about: help.subcommandDescription(sub) }));
  const options = help
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long ? [{ name: long, about: description }] : []));
  const below = command.commands.flatMap((sub) => nodesOf(sub, `${path} ${sub.name()}`.trim()));
  return [{ path, subcommands, options }, ...below];
}

function bashScript(nodes: readonly Node[]): string {
  const cases = nodes.map(({ path, subcommands, options }) => {
    const words = [...subcommands, ...options].map(({ name }) => name).join(" ");
    return `    "${path}") words="${words}" ;;`;
  });
  const paths = nodes.map(({ path }) => `"${path}"`).join("|");
  return `_dragoman() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" word next
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next="\${path:+$path }$word"
    case "$next" in ${paths}) path="$next" ;; esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _dragoman dragoman`;
}

function fishLines({ path, subcommands, options }: Node): readonly string[] {
  const names = path === "" ? [] : path.split(" ");
  const seen = names.map((name) => `__fish_seen_subcommand_from ${name}`);
  const others = subcommands.map(({ name }) => name).join(" ");
  const notYet = others === "" ? [] : [`not __fish_seen_subcommand_from ${others}`];
  const when = (conditions: readonly string[]) => (conditions.length === 0 ? "" : ` -n '${conditions.join("; and ")}'`);
  const about = (text: string) => `-d '${text.replace(/['\\]/g, "\\$&")}'`;
  return [
    ...subcommands.map(
      ({ name, about: text }) => `complete -c dragoman -f${when([...seen, ...notYet])} -a ${name} ${about(text)}`,
    ),
    ...options.map(({ name, about: text }) => `complete -c dragoman${when(seen)} -l ${name.slice(2)} ${about(text)}`),
  ];
}
