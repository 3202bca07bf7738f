import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SCOPES } from "../model/caller.ts";
import { type AppRegistry, RegistryError } from "./registry.ts";

/** Where the first app's key is left for its operator. */
export function firstAppKeyPath(dataDir: string): string {
  return join(dataDir, "first-app.key");
}

/**
 * On an empty registry makes an app called `first`, leaves its key in `DATA_DIR/first-app.key` (mode 0600) and answers
 * it; undefined when there are apps already.
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
    // Another process that started at the same moment made it.
    if (error instanceof RegistryError && !(await deps.registry.isEmpty())) return undefined;
    throw error;
  }
}
