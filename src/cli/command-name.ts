import { basename, relative } from "node:path";

/** Returns the shell command that runs this program from the working folder. */
export function commandName(program: string, workingFolder: string): string {
  if (basename(program) === "dragoman") return "dragoman";
  const near = relative(workingFolder, program);
  return `node ${near.startsWith("..") ? program : near}`;
}
