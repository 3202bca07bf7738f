import { basename, relative } from "node:path";

/** Returns how this installation's command is called in a shell, from the program's path and the working folder. */
export function commandName(program: string, workingFolder: string): string {
  if (basename(program) === "dragoman") return "dragoman";
  const near = relative(workingFolder, program);
  return `node ${near.startsWith("..") ? program : near}`;
}
