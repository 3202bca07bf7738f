import { createHash } from "node:crypto";
import { chmod, lstat, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../config/settings.ts";

/** What the kernel takes as the path of a unix socket (`sun_path` less its end). */
const SOCKET_PATH_BYTES = 107;

export interface ServerFolder {
  /** Where the data files are. */
  readonly dir: string;
  readonly socket: string;
}

/** Makes the private server's folder (0700) and finds a socket path short enough for the kernel. */
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
    if (await ownFolder(join(base, name))) return { dir, socket };
  }
  throw new ConfigError("DATA_DIR", "is so deep that no socket fits; choose a shorter path or set XDG_RUNTIME_DIR");
}

/** In a folder that everybody may write to, somebody else may have been there first. */
async function ownFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const state = await lstat(folder);
    return state.isDirectory() && state.uid === process.getuid?.() && (state.mode & 0o077) === 0;
  } catch {
    return false;
  }
}
