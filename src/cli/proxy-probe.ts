import { type Command, Option } from "commander";
import { readSurroundings } from "../config/surroundings.ts";
import type { Terminal } from "./apps.ts";
import { type Finding, findings, type Probed } from "./probe-findings.ts";

/** Site to try, and what is known of its set-up. */
export interface ProbeOptions {
  readonly url: string;
  readonly path: string;
  /** Addresses of the site's own server, to compare with. */
  readonly site?: readonly string[];
  /** True: one JSON value in the place of lines. */
  readonly json?: boolean;
}

/** Option of every proxy's command: the report of `--check` as JSON. */
export const CHECK_JSON_OPTION = ["--json", "with --check: the report as JSON on one line"] as const;

/** Ends a command with `--json` but without `--check`: its output is the files themselves. */
export function refuseJsonFiles({ json }: { readonly json?: boolean }, command: Command): void {
  if (json) command.error("error: --json goes with --check; without it the command prints or writes the files.");
}

/** A name may have both kinds of addresses; an address is of one. */
function familiesOf({ hostname }: URL): ReadonlyArray<4 | 6> {
  if (hostname.startsWith("[")) return [6];
  return /^[\d.]+$/.test(hostname) ? [4] : [4, 6];
}

/** The address to try a running site at, as every proxy's command takes it. */
export function checkOption(): Option {
  return new Option(
    "--check <url>",
    "write nothing: try the running site at this address, as visitors do, and say what is wrong (DRAGOMAN_KEY: streams too)",
  ).argParser((value) => new URL(value).origin);
}

/** Tries a running site through its proxy. Says symptom, cause and cure of what is wrong, and sets the exit code. */
export async function probeSite(options: ProbeOptions, io: Terminal): Promise<void> {
  const url = new URL(options.url);
  const known = { url, base: options.path, ...siteOf(options), ...keyOf() };
  const report: Array<Finding & { readonly family: 4 | 6 }> = [];
  for (const family of familiesOf(url)) {
    for await (const finding of findings({ ...known, family })) {
      report.push({ family, ...finding });
      if (!options.json) io.out(shown(finding, family));
    }
  }
  const ok = report.every(({ cure }) => cure === undefined);
  if (options.json) io.out(JSON.stringify({ ok, findings: report }));
  if (!ok) process.exitCode = 1;
}

function siteOf({ site }: ProbeOptions): Pick<Probed, "site"> {
  return site?.[0] === undefined ? {} : { site: site[0] };
}

function keyOf(): Pick<Probed, "key"> {
  const { dragomanKey } = readSurroundings();
  return dragomanKey === undefined ? {} : { key: dragomanKey };
}

function shown({ text, cause, cure }: Finding, family: number): string {
  if (cure === undefined) return `✓ IPv${family}: ${text}`;
  return `✗ IPv${family}: ${text}\n  cause: ${cause}\n  cure: ${cure}`;
}
