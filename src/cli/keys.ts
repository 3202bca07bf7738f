import type { Command } from "commander";
import { ensureKeyFile, KeyringError } from "../crypto/key-file.ts";
import type { Keyring } from "../crypto/keyring.ts";
import type { RedisClient } from "../redis/connect.ts";
import { retireKeys } from "../rotation/retire-keys.ts";
import { exportApiKeyFile, rotateKeys, stageKeyVersion } from "../rotation/rotate-keys.ts";
import { type JsonOption, type Terminal, terminal } from "./apps.ts";

/** Stores of `key rotate`, opened and closed by the command. */
export interface KeyTools {
  readonly redis: RedisClient;
  /** With the private halves. */
  readonly keyring: Keyring;
  readonly close: () => Promise<void>;
}

export interface KeyCommandsDeps {
  /** Returns the path of the master key file. */
  readonly keyFile: () => string;
  readonly connect: () => Promise<KeyTools>;
}

/** Adds `dragoman key create|export-api|rotate|retire`. */
export function keyCommands(program: Command, deps: KeyCommandsDeps, io: Terminal = terminal): void {
  const key = program.command("key").description("Keys that encrypt logins.");
  key
    .command("create")
    .option("--json", "its path as JSON on one line")
    .description("Creates the key file if missing, as `dragoman serve` does.")
    .action(({ json }: JsonOption, command: Command) =>
      clearly(command, async () => {
        await ensureKeyFile(deps.keyFile());
        if (json) io.out(JSON.stringify({ file: deps.keyFile() }));
        io.say(`The key file is ${deps.keyFile()}. Keep a copy in another place than the data.`);
      }),
    );

  key
    .command("export-api")
    .argument("<file>", "file to write; must not exist")
    .option("--json", "the written file's path as JSON on one line")
    .description(
      "Writes the key file for a machine that runs only the API, which can encrypt logins but not decrypt them.",
    )
    .action((file: string, { json }: JsonOption, command: Command) =>
      clearly(command, async () => {
        await exportApiKeyFile(deps.keyFile(), file);
        if (json) io.out(JSON.stringify({ file }));
        io.say(`Wrote ${file}. Copy it to the API machine, name it in MASTER_KEY_FILE there, and delete this copy.`);
      }),
    );

  addRotateCommand(key, deps, io);
  addRetireCommand(key, deps, io);
}

function addRotateCommand(key: Command, deps: KeyCommandsDeps, io: Terminal): void {
  key
    .command("rotate")
    .option("--stage", "only add the new version, so that it can be copied to other machines before it is used")
    .option("--json", "the version and the numbers of records as JSON on one line")
    .description(
      "Adds a version to the key file and re-encrypts all records with it, while the gateway runs. " +
        "With several machines: rotate --stage, copy the key file to the workers and a new export to the API machines, then rotate.",
    )
    .action(({ stage, json }: JsonOption & { stage?: boolean }, command: Command) =>
      clearly(command, async () => {
        if (stage) {
          const staged = await stageKeyVersion(deps.keyFile());
          if (json) io.out(JSON.stringify({ version: staged }));
          io.say(`Version ${staged} is in ${deps.keyFile()}, not used yet. Copy it, then run: dragoman key rotate`);
          return;
        }
        const tools = await deps.connect();
        try {
          const rotated = await rotateKeys(tools);
          const { version, accounts, hooks, keys } = rotated;
          if (json) io.out(JSON.stringify(rotated));
          io.say(
            `Version ${version} is in use: re-encrypted ${accounts} account(s), ${hooks} webhook(s) and ${keys} API key record(s).`,
          );
        } finally {
          await tools.close();
        }
      }),
    );
}

function addRetireCommand(key: Command, deps: KeyCommandsDeps, io: Terminal): void {
  key
    .command("retire")
    .option("--json", "the retired versions as JSON on one line")
    .description(
      "Removes old versions from the key file, after sealing all that is stored with the current one. " +
        "Deleted logins can then not be opened any more, also in old copies of the data. Replace copies of the key file.",
    )
    .action(({ json }: JsonOption, command: Command) =>
      clearly(command, async () => {
        const tools = await deps.connect();
        try {
          const retired = await retireKeys(tools);
          if (json) io.out(JSON.stringify({ retired }));
          io.say(
            retired.length === 0
              ? "There is only one version: run dragoman key rotate first."
              : `Retired version ${retired.join(", ")}. Replace all copies of ${deps.keyFile()}.`,
          );
        } finally {
          await tools.close();
        }
      }),
    );
}

/** Runs a command; errors of the key file become a line. */
async function clearly(command: Command, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof KeyringError)) throw error;
    command.error(`error: ${error.message}`);
  }
}
