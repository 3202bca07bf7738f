import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { programOf } from "./proxy-check.ts";
import type { NginxLayout } from "./proxy-files.ts";

/** Configuration of this machine's nginx. */
export interface InstalledNginx {
  /** Text of each file it reads, by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly workerConnections: number;
  /** Undefined for `auto`, one for each processor. */
  readonly workerProcesses: number | undefined;
}

export interface Wish {
  readonly layout: NginxLayout;
  readonly id: string;
  readonly name?: readonly string[];
  readonly listen?: readonly string[];
  readonly out?: string;
}

const DEBIAN_CONNECTIONS = 768;

/** Reads the whole configuration by `nginx -T`. Undefined where there is none or it may not be read. */
export function installedNginx(config: string | undefined): InstalledNginx | undefined {
  const program = programOf("nginx");
  if (program === undefined) return undefined;
  const args = ["-T", "-q", "-e", "stderr", ...(config === undefined ? [] : ["-c", resolve(config)])];
  const { stdout, status } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0 && !stdout.includes("# configuration file ")) return undefined;
  const parts = stdout.split(/^# configuration file (.+):$/m).slice(1);
  const files = new Map<string, string>();
  for (let at = 0; at + 1 < parts.length; at += 2) files.set(parts[at] ?? "", parts[at + 1] ?? "");
  const all = [...files.values()].join("\n");
  const processes = /[\s{;]worker_processes\s+(\d+);/.exec(all)?.[1];
  return {
    files,
    workerConnections: Number(/[\s{;]worker_connections\s+(\d+);/.exec(all)?.[1] ?? 512),
    workerProcesses: processes === undefined ? undefined : Number(processes),
  };
}

/** Tells whether the configuration leads to a gateway. */
export function leadsToGateway({ files }: InstalledNginx): boolean {
  return [...files.values()].some((text) => text.startsWith("\n# Dragoman at the http level"));
}

/** Tells whether the configuration has no more room than Debian's. */
export function isNarrow({ workerConnections }: InstalledNginx): boolean {
  return workerConnections <= DEBIAN_CONNECTIONS;
}

/** Says what would collide with this machine's configuration; undefined when nothing would. */
export function collisionOf(installed: InstalledNginx | undefined, wish: Wish): string | undefined {
  if (installed === undefined || wish.out === undefined) return undefined;
  const out = resolve(wish.out);
  const others = [...installed.files].filter(([path]) => !path.startsWith(`${out}/`));
  const same = others.find(([, text]) => text.includes(`upstream ${wish.id}_gateway {`));
  if (same !== undefined)
    return `${same[0]} has files of this name already: give the site a --name, or write them there.`;
  const isRead = [...installed.files.values()].some((text) => text.includes(`include ${out}/`));
  if (!isRead || wish.name !== undefined || !wish.layout.startsWith("site")) return undefined;
  const port = (wish.listen?.[0] ?? "80").replace(/^.*:/, "");
  const rival = others.find(([, text]) => isDefaultServer(text, port));
  if (rival === undefined) return undefined;
  return `${rival[0]} answers on port ${port} for every name that no one claims: give --name, or remove that file.`;
}

/** Tells whether a configuration takes what no name claims on a port. */
function isDefaultServer(text: string, port: string): boolean {
  return [...text.matchAll(/[\s{;]listen\s([^;{}]{1,200});/g)].some(([, value = ""]) => {
    const [address = "", ...options] = value.trim().split(/\s+/);
    return options.includes("default_server") && (address === port || address.endsWith(`:${port}`));
  });
}

/** Says how many streams fit. Each takes two connections: the visitor's, and one to the gateway. */
export function capacityOf(installed: InstalledNginx): string {
  const { workerConnections, workerProcesses } = installed;
  const streams = Math.floor(workerConnections / 2);
  const workers = workerProcesses === undefined ? "each nginx worker" : `each of ${workerProcesses} nginx workers`;
  const more = isNarrow(installed)
    ? " For more: events { worker_connections 8192; } and worker_rlimit_nofile 20000; in nginx.conf."
    : "";
  return `worker_connections ${workerConnections}: at most ${streams} streams at once in ${workers}, pages included.${more}`;
}
