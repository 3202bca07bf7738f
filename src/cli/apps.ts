import type { Command } from "commander";
import { type AppRegistry, type IssuedKey, type RegisteredApp, RegistryError } from "../apps/registry.ts";
import { SCOPES, type Scope } from "../model/caller.ts";
import type { DeletedApp } from "../operations/delete-app.ts";

/** Stores of the app commands. Opened when a command runs, closed after it. */
export interface AppTools {
  readonly registry: AppRegistry;
  readonly deleteApp: (nameOrId: string) => Promise<DeletedApp>;
  readonly close: () => Promise<void>;
}

/** Output of commands: results to `out`, messages to `say`, so that `KEY=$(dragoman app create shop)` works. */
export interface Terminal {
  readonly out: (line: string) => void;
  readonly say: (line: string) => void;
}

/** Standard output and standard error. */
export const terminal: Terminal = { out: (line) => console.log(line), say: (line) => console.error(line) };

/** Option of commands that print their result as JSON on request. */
export interface JsonOption {
  readonly json?: boolean;
}

/** Adds `dragoman app create|list|rotate|revoke|delete`. */
export function appCommands(program: Command, connect: () => Promise<AppTools>, io: Terminal = terminal): void {
  const app = program.command("app").description("Apps and their API keys.");
  const run: Run = async (command, work) => {
    const tools = await connect();
    const refused = await work(tools.registry, tools)
      .catch(refusalOf)
      .finally(() => tools.close());
    if (refused !== undefined) command.error(`error: ${refused.message}`);
  };

  app
    .command("create")
    .argument("<name>", "name of the app: 1 to 64 letters, digits, spaces and . _ -")
    .option("--scopes <list>", `scopes of its key, separated by commas: ${SCOPES.join(",")}`, SCOPES.join(","))
    .option("--json", "the key with its id and app as JSON on one line")
    .description("Creates an app and prints its API key once.")
    .action((name: string, { scopes, json }: JsonOption & { scopes: string }, command: Command) =>
      run(command, async (registry) => show(io, await registry.createApp(name, scopesOf(scopes)), json)),
    );

  app
    .command("list")
    .option("--json", "one JSON object per line")
    .description("Lists the apps with the ids, scopes and ages of their live keys; the keys themselves are not stored.")
    .action(({ json }: JsonOption, command: Command) =>
      run(command, async (registry) => {
        const apps = await registry.list();
        if (apps.length === 0) io.say("There is no app yet; create one with `dragoman app create NAME`.");
        for (const one of apps) for (const line of json ? [JSON.stringify(one)] : appLines(one)) io.out(line);
      }),
    );

  app
    .command("rotate")
    .argument("<app>", "its name or id")
    .option("--scopes <list>", "scopes of the new key; default: those of the newest key")
    .option("--json", "the key with its id and app as JSON on one line")
    .description(
      "Creates a second API key for an app and prints it once. Revoke the old key when the app uses the new one.",
    )
    .action((name: string, options: JsonOption & { scopes?: string }, command: Command) =>
      run(command, async (registry) => {
        const scopes = options.scopes === undefined ? undefined : scopesOf(options.scopes);
        show(io, await registry.rotate(name, scopes), options.json);
      }),
    );

  app
    .command("revoke")
    .argument("<key-or-app>", "the id of a key, or an app's name or id for all its keys")
    .option("--json", "the revoked keys' ids, one JSON object per line")
    .description("Revokes a key with its tokens and open streams, everywhere within 5 s.")
    .action((name: string, { json }: JsonOption, command: Command) =>
      run(command, async (registry) => {
        // A whole key would stay in the shell's history, but it names its id well enough.
        const ids = await registry.revoke(/^dgm_([0-9A-Za-z]+)_/.exec(name)?.[1] ?? name);
        for (const id of ids) io.out(json ? JSON.stringify({ id }) : id);
        io.say(ids.length === 0 ? "The app has no live key." : `Revoked ${ids.length === 1 ? "one key" : "two keys"}.`);
      }),
    );

  deleteCommand(app, run, io);
}

type Run = (command: Command, work: (registry: AppRegistry, tools: AppTools) => Promise<void>) => Promise<void>;

/** Adds `dragoman app delete`. */
function deleteCommand(app: Command, run: Run, io: Terminal): void {
  app
    .command("delete")
    .argument("<app>", "an app's name or id")
    .option("--yes", "confirms the deletion")
    .option("--json", "id and counts of the deleted as JSON on one line")
    .description("Deletes an app with its accounts, webhooks, activities and events, and closes its connections.")
    .action((name: string, options: JsonOption & { yes?: boolean }, command: Command) =>
      run(command, async (_registry, tools) => {
        if (!options.yes) throw new RegistryError("The deletion cannot be undone; confirm it with --yes.");
        const deleted = await tools.deleteApp(name);
        const { id, accounts, webhooks, isFileRewritten } = deleted;
        io.out(options.json ? JSON.stringify(deleted) : id);
        io.say(`Deleted ${name} with ${accounts} accounts and ${webhooks} webhooks.`);
        if (!isFileRewritten)
          io.say("Redis' append-only file still holds what was deleted: let Redis run BGREWRITEAOF.");
      }),
    );
}

function appLines({ name, id, created, keys }: RegisteredApp): readonly string[] {
  const lines = keys.map((key) => `  key ${key.id}\t${key.scopes.join(",")}\tcreated ${key.created}`);
  return [`${name}\t${id}\tcreated ${created}`, ...(lines.length === 0 ? ["  no live key"] : lines)];
}

function show(io: Terminal, fresh: IssuedKey, isJson: boolean | undefined): void {
  io.say(`API key ${fresh.keyId} of ${fresh.name} (${fresh.app}). It is shown only once; store it like a password.`);
  io.out(isJson ? JSON.stringify(fresh) : fresh.key);
}

/** Prints errors that the operator can correct as a line and throws all others. */
function refusalOf(error: unknown): RegistryError {
  if (error instanceof RegistryError) return error;
  throw error;
}

function scopesOf(list: string): readonly Scope[] {
  const words = list.split(/[\s,]+/).filter((word) => word !== "");
  const scopes = SCOPES.filter((scope) => words.includes(scope));
  if (scopes.length === 0 || words.some((word) => !SCOPES.some((scope) => scope === word))) {
    throw new RegistryError(`--scopes takes ${SCOPES.join(", ")}, separated by commas.`);
  }
  return scopes;
}
