import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { readSurroundings } from "../config/surroundings.ts";
import type { Terminal } from "./apps.ts";
import { type NginxLayout, type NginxVariables, nginxFiles } from "./proxy-files.ts";

/** What a server's own checker says of the files. `absent` where that server is not installed. */
export type ProxyCheck =
  | { readonly state: "good" | "bad"; readonly words: string }
  | { readonly state: "absent"; readonly words: "" };

const ABSENT: ProxyCheck = { state: "absent", words: "" };

/** The version of the installed nginx as [1, 22, 1]; undefined where there is none. */
export function nginxVersion(): readonly number[] | undefined {
  const program = programOf("nginx");
  if (program === undefined) return undefined;
  const { stderr } = spawnSync(program, ["-v"], { encoding: "utf8" });
  return /nginx\/(\d+)\.(\d+)\.(\d+)/.exec(stderr)?.slice(1).map(Number);
}

/** `nginx -t` on these files in a folder of their own, below an otherwise empty configuration. */
export async function checkNginx(layout: NginxLayout, variables: NginxVariables): Promise<ProxyCheck> {
  const program = programOf("nginx");
  if (program === undefined) return ABSENT;
  const dir = await mkdtemp(join(tmpdir(), "dragoman-nginx-"));
  try {
    const folder = join(dir, "conf.d");
    await writeFiles(folder, nginxFiles(layout, { ...variables, NGINX_SNIPPETS: join(folder, "snippets") }));
    await writeFile(join(dir, "nginx.conf"), bareNginx(dir, layout));
    const args = ["-t", "-e", "stderr", "-p", dir, "-c", join(dir, "nginx.conf")];
    const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
    const complaints = stderr.split("\n").filter((line) => /\[(warn|error|crit|alert|emerg)\]/.test(line));
    // Without root no low port can be opened and no log below /var be written; that says nothing about the files.
    const telling = complaints.filter((line) => !line.includes("(13: Permission denied)"));
    const sound = stderr.includes("syntax is ok") && (status === 0 || complaints.length > telling.length);
    const words = telling.join("\n").replaceAll(`${dir}/`, "");
    return { state: sound && telling.length === 0 ? "good" : "bad", words: words || stderr };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function bareNginx(dir: string, layout: NginxLayout): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (one) => `${one}_temp_path ${dir}/${one};`,
  );
  const server = `server { listen unix:${dir}/check.sock; include ${dir}/conf.d/snippets/gateway-locations.conf; }`;
  return [
    `pid ${dir}/nginx.pid;`,
    "events {}",
    "http {",
    "access_log off;",
    ...temporary,
    `include ${dir}/conf.d/*.conf;`,
    layout === "snippets" ? server : "",
    "}",
  ].join("\n");
}

/** `haproxy -c` on these files with these variables. */
export function checkHaproxy(files: readonly string[], variables: Readonly<Record<string, string>>): ProxyCheck {
  const program = programOf("haproxy");
  if (program === undefined) return ABSENT;
  const args = ["-c", ...files.flatMap((file) => ["-f", file])];
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", env: { ...variables } });
  const words = `${stderr}${stdout}`.trim();
  return { state: status === 0 && !/\[(WARNING|ALERT)\]/.test(words) ? "good" : "bad", words };
}

/** Writes files below a folder, and the folders between. */
export async function writeFiles(dir: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of files) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
}

/** Prints the files, or writes them below a folder and prints their paths. */
export async function printOrWrite(files: ReadonlyMap<string, string>, out: string | undefined, io: Terminal) {
  if (out !== undefined) await writeFiles(out, files);
  for (const [path, text] of files) io.out(out === undefined ? `# ==> ${path} <==\n${text}` : resolve(out, path));
}

/** The path of a server's program. Those lie in sbin folders, which users often don't have on their PATH. */
export function programOf(name: string): string | undefined {
  return [...readSurroundings().path, "/usr/local/sbin", "/usr/sbin"]
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** Ends the command with the checker's words when it found something. */
export function refuseBad(verdict: ProxyCheck, checker: string, command: Command): void {
  if (verdict.state === "bad")
    command.error(`error: \`${checker}\` refuses the files, nothing was written:\n${verdict.words}`);
}

/** Says whether the files were checked. */
export function tell({ state }: ProxyCheck, checker: string, io: Terminal): void {
  const server = checker.split(" ")[0];
  io.say(
    state === "good" ? `Checked: \`${checker}\` accepts the files.` : `Not checked: ${server} is not installed here.`,
  );
}
