import { ConfigError } from "../config/settings.ts";
import { KeyringError } from "../crypto/key-file.ts";
import { commandProgram } from "./program.ts";

/** What `sysexits.h` calls a configuration error: a supervisor need not try again. */
const EX_CONFIG = 78;

try {
  await commandProgram().parseAsync();
} catch (error) {
  const known = error instanceof ConfigError || error instanceof KeyringError;
  console.error(`dragoman: ${error instanceof Error ? error.message : "an unknown error"}`);
  process.exit(known ? EX_CONFIG : 1);
}
