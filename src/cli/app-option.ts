import { type AppRegistry, RegistryError } from "../apps/registry.ts";
import { type Caller, SCOPES } from "../model/caller.ts";
import { Refusal } from "../model/refusal.ts";

/** Returns the id of an app given by name or id; throws `RegistryError`. */
export async function idOfApp(registry: Pick<AppRegistry, "list">, nameOrId: string): Promise<string> {
  const app = (await registry.list()).find(({ id, name }) => id === nameOrId || name === nameOrId);
  if (app === undefined) throw new RegistryError("There is no such app; `dragoman app list` shows them.");
  return app.id;
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
