import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import type { Terminal } from "./apps.ts";
import { type ProxyCheck, printOrWrite, programOf, refuseBad, tell, writeFiles } from "./proxy-check.ts";
import { APACHE_MODULES, apacheFile, apacheModules } from "./proxy-files.ts";
import { CHECK_JSON_OPTION, checkOption, probeSite, refuseJsonFiles } from "./proxy-probe.ts";
import {
  addresses,
  gatewayOption,
  hstsOption,
  NEEDS_PREFIX,
  notifyOption,
  type ProxyOptions,
  pathOption,
  word,
  words,
} from "./proxy-values.ts";

interface ApacheOptions extends ProxyOptions {
  readonly root?: string;
  readonly php?: string;
  readonly name?: readonly string[];
  readonly listen?: string;
  readonly plain?: string;
  readonly tlsKey?: string;
  readonly behind?: readonly string[];
  readonly logs?: string;
}

/** The shipped files that were chosen, and what is defined before them. */
interface Chosen {
  readonly names: readonly ApacheName[];
  readonly defined: Readonly<Record<string, string>>;
}
type ApacheName = "gateway-front.conf" | "site-front.conf" | "site-8080.conf" | "behind-proxy.conf";

/** Which variables each file reads; nothing else is defined before it. */
const READS: Readonly<Record<ApacheName, readonly string[]>> = {
  "gateway-front.conf": ["GATEWAY_ADDR", "GATEWAY_PATH", "GATEWAY_NOTIFY"],
  "site-front.conf": [
    "HTTP_LISTEN",
    "PLAIN_LISTEN",
    "SERVER_NAME",
    "SERVER_ALIASES",
    "SITE_ROOT",
    "SITE_LOG_DIR",
    "PHP_SOCKET",
    "TLS_CERT",
    "TLS_KEY",
    "GATEWAY_HSTS",
    "GATEWAY_INCLUDE",
  ],
  "site-8080.conf": ["SITE_ADDR", "SERVER_NAME", "SERVER_ALIASES", "SITE_ROOT", "PHP_SOCKET", "BEHIND_INCLUDE"],
  "behind-proxy.conf": [],
};

/** Warning of a machine without a full host name. It says nothing about the files. */
const HARMLESS = /\bAH00558: /;

/** Adds `dragoman proxy apache`. */
export function apacheCommand(proxy: Command, io: Terminal): void {
  proxy
    .command("apache")
    .description(
      "Fills the shipped Apache files, checks them with `apache2 -t` where it is installed, and prints or writes them.",
    )
    .addOption(gatewayOption())
    .addOption(pathOption())
    .option(
      "--root <folder>",
      "document root: a whole site with PHP-FPM; without it only an include for your site",
      word,
    )
    .option("--php <socket>", "socket of PHP-FPM (default: /run/php/php-fpm.sock)", word)
    .addOption(notifyOption())
    .option("--name <name...>", "ServerName of the site, and more names", words)
    .option("--listen <address>", "its <VirtualHost> address (default: *:80, with TLS *:443)", word)
    .option("--plain <address>", "with TLS: where plain HTTP is led on from (default: *:80)", word)
    .option("--tls-cert <file>", "certificate", word)
    .option("--tls-key <file>", "key of the certificate", word)
    .addOption(hstsOption())
    .option("--behind <address>", "listen address of the site behind nginx or HAProxy, without the gateway", addresses)
    .option("--logs <folder>", "folder of Apache's log (default: /var/log/apache2)", word)
    .option("--out <folder>", "write the files there, e.g. /etc/apache2/dragoman; printed without it", word)
    .addOption(checkOption())
    .option(...CHECK_JSON_OPTION)
    .action((options: ApacheOptions, command: Command) => apache(options, command, io));
}

async function apache(options: ApacheOptions, command: Command, io: Terminal): Promise<void> {
  if (options.check !== undefined) return probeSite({ ...options, url: options.check }, io);
  refuseJsonFiles(options, command);
  const chosen = chosenBy(options, command);
  const verdict = await checkApache(chosen);
  refuseBad(verdict, "apache2 -t", command);
  const files = filled(chosen);
  await printOrWrite(files, options.out, io);
  tell(verdict, "apache2 -t", io);
  const folder = resolve(options.out ?? "/etc/apache2/dragoman");
  const [first] = chosen.names;
  if (first === "gateway-front.conf")
    io.say(`Put this into your <VirtualHost>, before its own rewrites: Include ${folder}/${first}`);
  else io.say(`Put this into your configuration: Include ${folder}/${first}`);
  io.say("Then: apachectl configtest && apachectl graceful");
}

function chosenBy(options: ApacheOptions, command: Command): Chosen {
  const { gateway = [], root, behind, tlsCert, tlsKey } = options;
  if (options.path === "") command.error(`error: ${NEEDS_PREFIX}`);
  if ((tlsCert === undefined) !== (tlsKey === undefined)) command.error("error: --tls-cert and --tls-key go together.");
  if (gateway.length > 1)
    command.error("error: Apache takes one gateway: for more nodes put nginx or HAProxy before Apache.");
  if (gateway[0]?.startsWith("unix:")) command.error("error: Apache's files take the gateway at host:port.");
  if (behind !== undefined && root === undefined) command.error("error: --behind needs --root.");
  if (tlsCert !== undefined && root === undefined) command.error("error: --tls-cert needs --root.");
  const names: readonly ApacheName[] =
    root === undefined
      ? ["gateway-front.conf"]
      : behind
        ? ["site-8080.conf", "behind-proxy.conf"]
        : ["site-front.conf", "gateway-front.conf"];
  return { names, defined: definedBy(options) };
}

function definedBy(options: ApacheOptions): Readonly<Record<string, string>> {
  const given = {
    GATEWAY_ADDR: options.gateway?.[0],
    GATEWAY_PATH: options.path,
    GATEWAY_NOTIFY: options.notify,
    GATEWAY_HSTS: options.hsts && `max-age=${options.hsts}`,
    HTTP_LISTEN: options.listen ?? (options.tlsCert && "*:443"),
    PLAIN_LISTEN: options.tlsCert && (options.plain ?? "*:80"),
    SERVER_NAME: options.name?.[0],
    SERVER_ALIASES: options.name?.slice(1).join(" ") || undefined,
    SITE_ADDR: options.behind?.[0],
    SITE_ROOT: options.root && resolve(options.root),
    SITE_LOG_DIR: options.logs && resolve(options.logs),
    PHP_SOCKET: options.php && resolve(options.php),
    TLS_CERT: options.tlsCert && resolve(options.tlsCert),
    TLS_KEY: options.tlsKey && resolve(options.tlsKey),
    GATEWAY_INCLUDE: options.out && resolve(options.out, "gateway-front.conf"),
    BEHIND_INCLUDE: options.out && resolve(options.out, "behind-proxy.conf"),
  };
  const set = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(set);
}

/** Each file with its own definitions before it; the defaults below them then don't count. */
function filled({ names, defined }: Chosen): ReadonlyMap<string, string> {
  return new Map(
    names.map((name) => {
      const lines = READS[name].flatMap((key) => (key in defined ? [`Define ${key} "${defined[key]}"\n`] : []));
      return [name, `${lines.join("")}${readFileSync(apacheFile(name), "utf8")}`];
    }),
  );
}

/** `apache2 -t` on these files in a folder of their own, below an otherwise empty configuration. */
async function checkApache(chosen: Chosen): Promise<ProxyCheck> {
  const program = programOf("apache2") ?? programOf("httpd");
  const modules = apacheModules();
  if (program === undefined || modules === undefined) return { state: "absent", words: "" };
  const dir = await mkdtemp(join(tmpdir(), "dragoman-apache-"));
  try {
    const included = {
      GATEWAY_INCLUDE: join(dir, "gateway-front.conf"),
      BEHIND_INCLUDE: join(dir, "behind-proxy.conf"),
    };
    const here = { ...chosen.defined, SITE_LOG_DIR: dir, ...included };
    await writeFiles(dir, filled({ ...chosen, defined: here }));
    const alone = chosen.names[0] === "gateway-front.conf";
    const include = `Include ${dir}/${chosen.names[0]}`;
    const lines = [
      `ServerRoot ${dir}`,
      `PidFile ${dir}/apache.pid`,
      `ErrorLog ${dir}/error.log`,
      "ServerName localhost",
      ...APACHE_MODULES.map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`),
      "TypesConfig /dev/null",
      "Listen 127.0.0.1:8",
      ...(alone ? ["<VirtualHost *:8>", include, "</VirtualHost>"] : [include]),
    ];
    await writeFile(join(dir, "apache.conf"), `${lines.join("\n")}\n`);
    const { status, stderr } = spawnSync(program, ["-t", "-f", join(dir, "apache.conf")], { encoding: "utf8" });
    const printed = stderr.replaceAll(`${dir}/`, "").split("\n");
    const words = printed
      .filter((line) => !HARMLESS.test(line))
      .join("\n")
      .trim();
    return { state: status === 0 && words === "Syntax OK" ? "good" : "bad", words };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
