import { Cluster, type Redis } from "ioredis";
import { ConfigError } from "../config/settings.ts";
import type { RedisClient } from "./connect.ts";

/** Guarantees of a Redis server. The promise "durable" depends on them: no accepted activity is lost. */
export interface ServerFacts {
  readonly software: "redis" | "valkey";
  readonly version: string;
  /** `always` keeps every confirmed write through a crash; `unknown` where the server does not say. */
  readonly fsync: "always" | "everysec" | "no" | "off" | "unknown";
  /** Anything but `noeviction` may throw accepted work away. */
  readonly eviction: string;
  /** Bytes that Redis may use: the configured limit, else the machine's memory. */
  readonly memoryLimit: number;
  readonly memoryUsed: number;
  readonly replicas: number;
  /** True when the server persists each write before the answer and never evicts. */
  readonly durable: boolean;
  /** Sentences about settings that weaken a promise. */
  readonly warnings: readonly string[];
}

/** Memory pressure: `soft` from 70 % (new work gets 429), `hard` from 85 % (503). Redis itself refuses much later. */
export type Pressure = "ok" | "soft" | "hard";
const SOFT = 0.7;
const HARD = 0.85;
/** Oldest version with all commands that BullMQ's and our scripts use. */
const MIN_VERSION = 7;

/** Reads the facts of a server, or the weakest of a cluster's masters. Throws `ConfigError` for a server that is too old. */
export async function serverFacts(client: RedisClient): Promise<ServerFacts> {
  const nodes: readonly Redis[] = client instanceof Cluster ? client.nodes("master") : [client];
  const all = await Promise.all(nodes.map(factsOf));
  const [first, ...others] = all;
  if (first === undefined) throw new Error("The cluster names no master");
  return others.reduce(weaker, first);
}

/** Part of Redis' memory that one app may fill. */
const APP_SHARE = 1 / 8;
/** Smallest share of an app, for the largest activity with attachments. */
const MIN_APP_BYTES = 16 * 1024 * 1024;

/** Computes how many bytes one app may store; without known facts, the smallest share. */
export function appShareOf(facts: Pick<ServerFacts, "memoryLimit"> | undefined): number {
  return Math.max(MIN_APP_BYTES, Math.floor((facts?.memoryLimit ?? 0) * APP_SHARE));
}

/** Computes the memory pressure. */
export function pressureOf(facts: Pick<ServerFacts, "memoryLimit" | "memoryUsed">): Pressure {
  if (facts.memoryLimit <= 0) return "ok";
  const share = facts.memoryUsed / facts.memoryLimit;
  if (share >= HARD) return "hard";
  return share >= SOFT ? "soft" : "ok";
}

/** Reads the version from `redis-server --version` or INFO, as `7.0.15`; undefined without one. */
export function versionIn(text: string): string | undefined {
  return /(?:valkey_version:|v=)(\d+\.\d+\.\d+)/.exec(text)?.[1] ?? /redis_version:(\d+\.\d+\.\d+)/.exec(text)?.[1];
}

/** Returns whether the gateway works with a version. */
export function isNewEnough(version: string): boolean {
  return Number(version.split(".")[0]) >= MIN_VERSION;
}

function nameAndValue(line: string): [name: string, value: string] {
  const colon = line.indexOf(":");
  return [line.slice(0, Math.max(0, colon)), line.slice(colon + 1)];
}

async function factsOf(redis: Redis): Promise<ServerFacts> {
  const info = await redis.info();
  const fields = new Map<string, string>();
  for (const line of info.split(/\r?\n/)) fields.set(...nameAndValue(line));
  const field = (name: string): string | undefined => fields.get(name);
  const version = versionIn(info) ?? "0.0.0";
  if (!isNewEnough(version)) {
    throw new ConfigError("REDIS_URL", `that Redis is version ${version}; the gateway needs 7.0 or newer, or Valkey`);
  }
  const fsync = field("aof_enabled") === "1" ? await fsyncOf(redis) : "off";
  const eviction = field("maxmemory_policy") ?? "unknown";
  const limit = Number(field("maxmemory") ?? 0);
  const facts = {
    software: field("valkey_version") === undefined ? ("redis" as const) : ("valkey" as const),
    version,
    fsync,
    eviction,
    memoryLimit: limit > 0 ? limit : Number(field("total_system_memory") ?? 0),
    memoryUsed: Number(field("used_memory") ?? 0),
    replicas: Number(field("connected_slaves") ?? 0),
  };
  const warnings = warningsOf(facts);
  return { ...facts, durable: facts.fsync === "always" && facts.eviction === "noeviction", warnings };
}

/** Reads the sync policy; `unknown` where CONFIG is forbidden, as hosted servers often do. */
async function fsyncOf(redis: Redis): Promise<ServerFacts["fsync"]> {
  const answer = await redis.config("GET", "appendfsync").catch(() => undefined);
  const value = Array.isArray(answer) ? answer[1] : undefined;
  return value === "always" || value === "everysec" || value === "no" ? value : "unknown";
}

function warningsOf(facts: Pick<ServerFacts, "fsync" | "eviction">): string[] {
  const warnings: string[] = [];
  if (facts.fsync === "off") warnings.push("It keeps nothing on disk: set appendonly yes and appendfsync always.");
  if (facts.fsync === "everysec" || facts.fsync === "no") {
    warnings.push("A crash may lose the last accepted activities: set appendfsync always.");
  }
  if (facts.fsync === "unknown") warnings.push("It does not tell how it syncs to disk; appendfsync always is needed.");
  if (facts.eviction !== "noeviction") {
    warnings.push("It may throw accepted work away when full: set maxmemory-policy noeviction.");
  }
  return warnings;
}

const STRENGTH: readonly ServerFacts["fsync"][] = ["off", "no", "unknown", "everysec", "always"];

function weaker(a: ServerFacts, b: ServerFacts): ServerFacts {
  const fuller = a.memoryUsed * b.memoryLimit >= b.memoryUsed * a.memoryLimit ? a : b;
  return {
    ...a,
    fsync: STRENGTH.indexOf(a.fsync) <= STRENGTH.indexOf(b.fsync) ? a.fsync : b.fsync,
    eviction: a.eviction === "noeviction" ? b.eviction : a.eviction,
    memoryLimit: fuller.memoryLimit,
    memoryUsed: fuller.memoryUsed,
    replicas: Math.min(a.replicas, b.replicas),
    durable: a.durable && b.durable,
    warnings: [...new Set([...a.warnings, ...b.warnings])],
  };
}
