import type { Command } from "commander";
import { type AppRegistry, RegistryError } from "../apps/registry.ts";
import { type Caller, SCOPES } from "../model/caller.ts";
import { Refusal } from "../model/refusal.ts";

/** Option of all commands that work for one app. */
export const APP_OPTION = ["--app <app>", "name or id of the app; needed where there are several"] as const;

export interface AppOption {
  readonly app?: string;
}

/** Stores of a command that works for one app. Opened when the command runs, closed after it. */
interface Closable {
  readonly registry: Pick<AppRegistry, "list">;
  readonly close: () => Promise<void>;
}

/** Runs a command's work for its app. Refusals become a line and exit code 1. */
export type RunForApp<Tools> = (
  command: Command,
  options: AppOption,
  work: (tools: Tools, caller: Caller) => Promise<void>,
) => Promise<void>;

/** Makes the runner of commands that share their stores. */
export function forApp<Tools extends Closable>(connect: () => Promise<Tools>): RunForApp<Tools> {
  return async (command, { app }, work) => {
    const tools = await connect();
    const refused = await idOfApp(tools.registry, app)
      .then((id) => work(tools, operatorOf(id)))
      .then(() => undefined, refusalText)
      .finally(() => tools.close());
    if (refused !== undefined) command.error(`error: ${refused}`);
  };
}

/** Returns the id of an app given by name or id. Without one the only app is meant. Throws `RegistryError`. */
export async function idOfApp(registry: Pick<AppRegistry, "list">, nameOrId: string | undefined): Promise<string> {
  const apps = await registry.list();
  const app = nameOrId === undefined ? only(apps) : apps.find(({ id, name }) => id === nameOrId || name === nameOrId);
  if (app === undefined) throw new RegistryError("There is no such app; `dragoman app list` shows them.");
  return app.id;
}

type App = Awaited<ReturnType<AppRegistry["list"]>>[number];

function only(apps: readonly App[]): App {
  const [first, second] = apps;
  if (first === undefined) {
    throw new RegistryError("There is no app yet; create one with `dragoman app create NAME`.");
  }
  if (second === undefined) return first;
  throw new RegistryError("There are several apps; name one with --app. `dragoman app list` shows them.");
}

/** Returns the operator as a caller, with the rights of the app's own key. */
export function operatorOf(app: string): Caller {
  return { app, via: "key", keyId: "", scopes: new Set(SCOPES), limits: {}, cookie: false };
}

/** Returns errors that the operator can correct as a line and throws all others. */
export function refusalText(error: unknown): string {
  if (error instanceof RegistryError || error instanceof Refusal) return error.message;
  throw error;
}
