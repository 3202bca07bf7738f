import { expect, it } from "vitest";
import { commandName } from "../../../src/cli/command-name.ts";

it.each([
  ["/usr/bin/dragoman", "/root", "dragoman"],
  ["/opt/dragoman/bin/dragoman.mjs", "/opt/dragoman", "node bin/dragoman.mjs"],
  ["/opt/dragoman/bin/dragoman.mjs", "/srv", "node /opt/dragoman/bin/dragoman.mjs"],
])("commandName of %s in %s is %s", (program, folder, command) => {
  expect(commandName(program, folder)).toBe(command);
});
