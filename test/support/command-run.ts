import { type Command, CommanderError } from "commander";

/** Lines that a command writes to both streams. */
export interface CommandLines {
  readonly out: string[];
  readonly stderr: string[];
}

/** Runs a command of a program without ending this process; returns its exit code. */
export async function runCommand(
  program: Command,
  args: readonly string[],
  { out, stderr }: CommandLines,
): Promise<number> {
  const quiet = (command: Command): void => {
    command
      .exitOverride()
      .configureOutput({ writeErr: (text) => stderr.push(text), writeOut: (text) => out.push(text) });
    for (const subcommand of command.commands) quiet(subcommand);
  };
  quiet(program);
  return program.parseAsync([...args], { from: "user" }).then(
    () => 0,
    (error: unknown) => {
      if (!(error instanceof CommanderError)) throw error;
      return error.exitCode;
    },
  );
}
