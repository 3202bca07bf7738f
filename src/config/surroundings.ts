import { delimiter, isAbsolute, resolve } from "node:path";

/** Facts of the machine apart from the settings: paths of programs, caches and sockets. */
export interface Surroundings {
  /** Folders to look for programs in. */
  readonly path: readonly string[];
  readonly home: string;
  readonly cacheHome: string;
  readonly runtimeDir: string | undefined;
  /** An app's key, for commands that ask a running gateway. */
  readonly dragomanKey: string | undefined;
  /** First socket that a supervisor such as systemd keeps open for this process (sd_listen_fds(3)). */
  readonly keptSocket: number | undefined;
}

/** Reads them from the environment. */
export function readSurroundings(env: Readonly<Record<string, string | undefined>> = process.env): Surroundings {
  const home = env.HOME || "/";
  return {
    path: (env.PATH ?? "").split(delimiter).filter((part) => isAbsolute(part)),
    home,
    cacheHome: env.XDG_CACHE_HOME || resolve(home, ".cache"),
    runtimeDir: env.XDG_RUNTIME_DIR || undefined,
    dragomanKey: env.DRAGOMAN_KEY || undefined,
    keptSocket: env.LISTEN_PID === String(process.pid) && Number(env.LISTEN_FDS) >= 1 ? 3 : undefined,
  };
}
