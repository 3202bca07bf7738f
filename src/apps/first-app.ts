import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SCOPES } from "../model/caller.ts";
import { type AppRegistry, RegistryError } from "./registry.ts";

/** Returns the path of the first app's key file, written for the operator. */
export function firstAppKeyPath(dataDir: string): string {
  return join(dataDir, "first-app.key");
}

/**
 * Creates the app `first` in an empty registry and returns its key. Undefined when apps exist.
 * The key is also written to `DATA_DIR/first-app.key` (mode 0600).
 */
export async function createFirstApp(deps: {
  readonly registry: AppRegistry;
  readonly dataDir: string;
}): Promise<string | undefined> {
  if (!(await deps.registry.isEmpty())) return undefined;
  await mkdir(deps.dataDir, { recursive: true });
  try {
    const { key } = await deps.registry.createApp("first", SCOPES);
    await writeFile(firstAppKeyPath(deps.dataDir), `${key}\n`, { mode: 0o600 });
    return key;
  } catch (error) {
    // Another process that started at the same moment created the app.
    if (error instanceof RegistryError && !(await deps.registry.isEmpty())) return undefined;
    throw error;
  }
}
