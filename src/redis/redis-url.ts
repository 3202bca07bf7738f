import { ConfigError } from "../config/settings.ts";

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** Parsed fields of a REDIS_URL. */
export interface RedisEndpoint {
  readonly kind: "single" | "sentinel" | "cluster";
  /** The server, the sentinels, or some of the cluster's nodes; empty for a unix socket. */
  readonly nodes: readonly RedisNode[];
  /** The unix socket's path. */
  readonly path?: string;
  /** The name under which sentinels know the master. */
  readonly master?: string;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  readonly tls: boolean;
}

const FORMS =
  "takes redis://[user:pass@]host[:port][/db], rediss://…, unix:/path[?db=n], redis+sentinel://host:port,host:port/name[/db] or redis+cluster://host:port,host:port";
const urlError = (): ConfigError => new ConfigError("REDIS_URL", FORMS);

/** Reads a REDIS_URL; throws `ConfigError` without repeating the text, since it may hold a password. */
export function readRedisUrl(text: string): RedisEndpoint {
  if (text.startsWith("unix:")) return unixEndpoint(text);
  const match = /^(redis|rediss)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^/?#]*)((?:\/[^/?#]*)*)$/.exec(text);
  if (match === null) throw urlError();
  const [, scheme, flavour, login, hosts = "", rest = ""] = match;
  const kind = flavour === "sentinel" || flavour === "cluster" ? flavour : "single";
  const nodes = hosts.split(",").map((host) => nodeOf(host, kind === "sentinel" ? 26_379 : 6_379));
  if (kind === "single" && nodes.length !== 1) throw urlError();
  const parts = rest.split("/").filter((part) => part !== "");
  const master = kind === "sentinel" ? decode(parts.shift() ?? "") : undefined;
  if (master === "" || parts.length > 1) throw urlError();
  const db = dbOf(parts[0] ?? "0");
  if (kind === "cluster" && db !== 0) throw new ConfigError("REDIS_URL", "a cluster has no database but 0");
  return { kind, nodes, db, tls: scheme === "rediss", ...(master ? { master } : {}), ...loginOf(login) };
}

function unixEndpoint(text: string): RedisEndpoint {
  const match = /^unix:(?:\/\/(?:([^@/]*)@)?)?(\/[^?#]+)(?:\?db=(\d{1,3}))?$/.exec(text);
  if (match === null) throw urlError();
  return {
    kind: "single",
    nodes: [],
    path: decode(match[2] as string),
    db: dbOf(match[3] ?? "0"),
    tls: false,
    ...loginOf(match[1]),
  };
}

function nodeOf(text: string, fallback: number): RedisNode {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[3] ?? fallback);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port < 1 || port > 65_535) throw urlError();
  return { host, port };
}

function loginOf(login: string | undefined): { username?: string; password?: string } {
  if (login === undefined || login === "") return {};
  const colon = login.indexOf(":");
  const username = decode(colon === -1 ? login : login.slice(0, colon));
  const password = colon === -1 ? "" : decode(login.slice(colon + 1));
  return { ...(username ? { username } : {}), ...(password ? { password } : {}) };
}

function dbOf(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw urlError();
  return Number(text);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw urlError();
  }
}
