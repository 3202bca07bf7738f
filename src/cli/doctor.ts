import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { type Config, readConfig } from "../config/settings.ts";
import { keyring } from "../crypto/keyring.ts";
import { checkKeyring } from "../crypto/keyring-check.ts";
import type { RedisClient } from "../redis/connect.ts";
import { type OpenedRedis, openRedis } from "../redis/open.ts";
import { serverFacts } from "../redis/server-facts.ts";
import { type JsonOption, terminal } from "./apps.ts";
import { isInstalled, keyFileOf } from "./installation.ts";
import { capacityOf, installedNginx, isNarrow, leadsToGateway } from "./proxy-installed.ts";
import { commandLog } from "./tools.ts";

/** Line of the doctor's report. */
interface Finding {
  /** `warn` weakens a promise; `bad` keeps the gateway from working. */
  readonly state: "good" | "warn" | "bad";
  readonly text: string;
}

const READY_MS = 5_000;
const SIGNS = { good: "✓", warn: "!", bad: "✗" } as const;

/** Adds `dragoman doctor`: exit code 0 when nothing is bad. */
export function doctorCommand(program: Command): void {
  program
    .command("doctor")
    .description(
      "Checks this installation: Node, data folder, key file, guarantees of Redis, PUBLIC_URL, room in nginx.",
    )
    .option("--json", "the report as JSON on one line")
    .action(async ({ json }: JsonOption) => {
      const findings = await diagnose(readConfig());
      const isFit = findings.every(({ state }) => state !== "bad");
      if (json) terminal.out(JSON.stringify({ ok: isFit, findings }));
      else for (const { state, text } of findings) terminal.out(`${SIGNS[state]} ${text}`);
      process.exitCode = isFit ? 0 : 1;
    });
}

/** All checks, none of which throws. */
async function diagnose(config: Config): Promise<readonly Finding[]> {
  return [
    nodeFinding(),
    await folderFinding("DATA_DIR", config.dataDir),
    await folderFinding("The key file", keyFileOf(config)),
    ...(await redisFindings(config)),
    ...(await publicFindings(config)),
    ...nginxFindings(),
  ];
}

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const fits = major > 20 || (major === 20 && minor >= 19);
  if (!fits) return { state: "bad", text: `Node.js ${process.versions.node} is too old: 20.19 or newer is needed` };
  if (major === 20)
    return { state: "warn", text: `Node.js ${process.versions.node} works but gets no more fixes: upgrade to 24` };
  return { state: "good", text: `Node.js ${process.versions.node}` };
}

async function folderFinding(name: string, path: string): Promise<Finding> {
  const state = await stat(path).catch(() => undefined);
  if (state === undefined) return { state: "good", text: `${name}: ${path} is created at the first start` };
  if (state.isFile() && (state.mode & 0o077) !== 0) {
    return { state: "bad", text: `${name}: others may read ${path}; run: chmod 600 ${path}` };
  }
  if ((state.mode & 0o022) !== 0) {
    return { state: "bad", text: `${name}: others may write to ${path}; run: chmod go-w ${path}` };
  }
  return { state: "good", text: `${name}: ${path}` };
}

async function redisFindings(config: Config): Promise<readonly Finding[]> {
  if (config.redisUrl === "" && !isInstalled(config))
    return [
      { state: "good", text: "Redis (private): the first `dragoman serve` starts it and creates its data" },
      ...(await keyFindings(config, undefined)),
    ];
  let opened: OpenedRedis | undefined;
  try {
    opened = await openRedis(config, commandLog(config));
    const client = opened.connections.producer();
    await opened.connections.ready(READY_MS);
    const facts = await serverFacts(client);
    const where = opened.server === undefined ? "REDIS_URL" : "private";
    const replicas = facts.replicas === 0 ? "" : `, ${facts.replicas} replica(s)`;
    const state = facts.durable ? "good" : "warn";
    return [
      {
        state,
        text: `Redis (${where}): ${facts.software} ${facts.version}, fsync ${facts.fsync}, ${facts.eviction}${replicas}`,
      },
      ...facts.warnings.map((text): Finding => ({ state: "warn", text: `Redis: ${text}` })),
      ...(await keyFindings(config, client)),
    ];
  } catch (error) {
    return [{ state: "bad", text: `Redis: ${wordsOf(error)}` }];
  } finally {
    await opened?.close();
  }
}

/** Checks that the key file can be read and fits the data, if any. */
async function keyFindings(config: Config, client: RedisClient | undefined): Promise<readonly Finding[]> {
  const path = keyFileOf(config);
  if ((await stat(path).catch(() => undefined)) === undefined) return [];
  try {
    const keys = await keyring({ path, opens: false });
    if (client === undefined) return [];
    await checkKeyring(client, keys);
    return [{ state: "good", text: "The key file matches the data" }];
  } catch (error) {
    return [{ state: "bad", text: wordsOf(error) }];
  }
}

async function publicFindings(config: Config): Promise<readonly Finding[]> {
  if (config.publicUrl === "") return [];
  const url = `${config.publicUrl.replace(/(?<!\/)\/+$/, "")}${config.basePath}/healthz`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5_000), redirect: "manual" });
    const body = (await answer.json().catch(() => ({}))) as { status?: unknown };
    if (answer.status === 200 && body.status === "ok") return [{ state: "good", text: `PUBLIC_URL: ${url} answers` }];
    return [
      { state: "bad", text: `PUBLIC_URL: ${url} answers ${answer.status}, not the gateway's 200; check the proxy` },
    ];
  } catch (error) {
    return [{ state: "bad", text: `PUBLIC_URL: ${url} can't be reached (${wordsOf(error)})` }];
  }
}

/** Says how many streams nginx has room for, where it leads to the gateway. */
function nginxFindings(): readonly Finding[] {
  const installed = installedNginx(undefined);
  if (installed === undefined || !leadsToGateway(installed)) return [];
  return [{ state: isNarrow(installed) ? "warn" : "good", text: `nginx: ${capacityOf(installed)}` }];
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : "an unknown error";
}
