import { createHash } from "node:crypto";
import { chmod, lstat, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../config/settings.ts";

/** Maximum length of a unix socket's path (the kernel's `sun_path` less the terminating zero). */
const SOCKET_PATH_BYTES = 107;

export interface ServerFolder {
  /** Folder of the data files. */
  readonly dir: string;
  readonly socket: string;
}

/** Makes the private server's folder (0700) and picks a socket path that the kernel accepts. */
export async function serverFolder(dataDir: string, runtimeDir: string | undefined): Promise<ServerFolder> {
  const dir = join(dataDir, "redis");
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
  const near = join(dir, "redis.sock");
  if (Buffer.byteLength(near) <= SOCKET_PATH_BYTES) return { dir, socket: near };
  const name = `dragoman-${createHash("sha256").update(dir).digest("hex").slice(0, 16)}`;
  for (const base of [runtimeDir, tmpdir()]) {
    if (base === undefined) continue;
    const socket = join(base, name, "redis.sock");
    if (Buffer.byteLength(socket) > SOCKET_PATH_BYTES) continue;
    if (await makeOwnFolder(join(base, name))) return { dir, socket };
  }
  throw new ConfigError("DATA_DIR", "is so deep that no socket fits; choose a shorter path or set XDG_RUNTIME_DIR");
}

/** Makes a folder and checks that this user owns it. In a shared folder another user may have been first. */
async function makeOwnFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const state = await lstat(folder);
    return state.isDirectory() && state.uid === process.getuid?.() && (state.mode & 0o077) === 0;
  } catch {
    return false;
  }
}
