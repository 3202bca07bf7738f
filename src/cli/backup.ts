import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { checkCopy, DataCopyError, restoreFolder, writeCopy } from "../operations/data-copy.ts";
import { type Terminal, terminal } from "./apps.ts";

/** Stores of `dragoman backup`. Opened when the command runs, closed after it. */
export interface BackupTools {
  /** Calls `copy` with the data files of the private Redis while they are not replaced. */
  readonly withDataFiles: <Result>(copy: (files: ReadonlyMap<string, string>) => Promise<Result>) => Promise<Result>;
  readonly close: () => Promise<void>;
}

export interface BackupDeps {
  /** Throws `ConfigError` where no gateway has run, and `DataCopyError` where REDIS_URL names another Redis. */
  readonly connect: () => Promise<BackupTools>;
  /** Returns the paths of the key file and of the private Redis' folder. Throws `DataCopyError` as `connect` does. */
  readonly places: () => { readonly keyFile: string; readonly redisFolder: string };
}

const REDIS = "redis/";
const KEY = "master.key";
const MIB = 1024 * 1024;

/** Adds `dragoman backup` and `dragoman restore`. */
export function backupCommands(program: Command, deps: BackupDeps, io: Terminal = terminal): void {
  program
    .command("backup")
    .argument("<dir>", "folder to make")
    .option("--with-key", "with the key file too, so that the copy alone opens all logins")
    .option("--json", "the list of files as JSON on one line")
    .description("Copies the data of the private Redis into a new folder, while the gateway runs or not.")
    .action((dir: string, options: { withKey?: boolean; json?: boolean }, command: Command) =>
      clearly(command, async () => {
        const { keyFile } = deps.places();
        const tools = await deps.connect();
        try {
          const manifest = await tools.withDataFiles((files) => {
            const data = [...files].map(([path, source]) => [`${REDIS}${path}`, source] as const);
            return writeCopy(resolve(dir), new Map([...data, ...(options.withKey ? [[KEY, keyFile] as const] : [])]));
          });
          const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
          io.say(`Copied ${manifest.files.length} files, ${Math.ceil(bytes / MIB)} MiB.`);
          if (!options.withKey) io.say(`The key file ${keyFile} is not in it: keep a copy of it in another place.`);
          io.out(options.json ? JSON.stringify(manifest) : resolve(dir));
        } finally {
          await tools.close();
        }
      }),
    );

  program
    .command("restore")
    .argument("<dir>", "folder that `dragoman backup` made")
    .option("--json", "the list of files as JSON on one line")
    .description("Puts a backup in place, where no data is. Activities that waited when it was made are sent again.")
    .action((dir: string, options: { json?: boolean }, command: Command) =>
      clearly(command, async () => {
        const { keyFile, redisFolder } = deps.places();
        const folder = resolve(dir);
        const manifest = await checkCopy(folder);
        const hasKey = manifest.files.some(({ path }) => path === KEY);
        if (!hasKey && !existsSync(keyFile)) {
          throw new DataCopyError(`There is no key file and none in the backup; put yours at ${keyFile} first.`);
        }
        await restoreFolder(folder, manifest, REDIS, redisFolder);
        if (hasKey && !existsSync(keyFile)) await restoreKey(join(folder, KEY), keyFile);
        io.say(`The data of ${manifest.created} is in place. Check it with dragoman doctor, then start the gateway.`);
        io.out(options.json ? JSON.stringify(manifest) : redisFolder);
      }),
    );
}

async function restoreKey(source: string, keyFile: string): Promise<void> {
  await mkdir(dirname(keyFile), { recursive: true });
  await copyFile(source, keyFile);
  await chmod(keyFile, 0o600);
}

/** Runs a command; errors that the operator can correct become a line. */
async function clearly(command: Command, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof DataCopyError)) throw error;
    command.error(`error: ${error.message}`);
  }
}
