import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { type Command, Option } from "commander";
import type { Terminal } from "./apps.ts";
import { checkHaproxy, refuseBad, tell, writeFiles } from "./proxy-check.ts";
import { HAPROXY_ROUTINGS, haproxyFiles } from "./proxy-files.ts";
import { CHECK_JSON_OPTION, checkOption, probeSite, refuseJsonFiles } from "./proxy-probe.ts";
import {
  addresses,
  gatewayOption,
  hstsOption,
  NEEDS_PREFIX,
  notifyOption,
  type ProxyOptions,
  pathOption,
  proxyProtocolOption,
  word,
  words,
} from "./proxy-values.ts";

interface HaproxyOptions extends ProxyOptions {
  readonly site?: readonly string[];
  readonly siteCheck?: string;
  readonly siteCheckHost?: string;
  readonly siteCheckStatus?: string;
  readonly siteCheckTimeout?: string;
  readonly routing: (typeof HAPROXY_ROUTINGS)[number];
  readonly host?: readonly string[];
  readonly bind?: readonly string[];
  readonly tlsBind?: readonly string[];
}

const CHROOT = "/var/lib/haproxy";
const FILES = 65_536;

/** Adds `dragoman proxy haproxy`. */
export function haproxyCommand(proxy: Command, io: Terminal): void {
  proxy
    .command("haproxy")
    .description(
      "Prints how to run HAProxy with the shipped files, or writes them with a systemd drop-in, after `haproxy -c` where it is installed.",
    )
    .addOption(gatewayOption())
    .option("--site <address...>", "address of the site's server (default: 127.0.0.1:8080)", addresses)
    .option("--site-check <path>", "ask the site's servers at this path whether they are well; not asked without", word)
    .option("--site-check-host <name>", "Host of that request (default: localhost)", word)
    .option("--site-check-status <list>", "statuses that are well (default: 200-399)", word)
    .option("--site-check-timeout <time>", "how long it may take (default: 10s)", word)
    .addOption(
      new Option("--routing <kind>", "routing of the gateway's requests: by path, by host name, by the Upgrade header")
        .choices(HAPROXY_ROUTINGS)
        .default("uri"),
    )
    .option("--host <name...>", "whole names that have the gateway (routing uri: every name without it)", words)
    .addOption(pathOption())
    .addOption(notifyOption())
    .option("--bind <address...>", "what HAProxy listens on without TLS (default: :80 :::80)", words)
    .option("--tls-bind <address...>", "what it listens on with TLS, e.g. :443 :::443; plain HTTP is led there", words)
    .option("--tls-cert <file>", "certificate and key in one file", word)
    .addOption(hstsOption())
    .addOption(proxyProtocolOption())
    .option("--out <folder>", "write the files and a systemd drop-in there, e.g. /etc/haproxy/dragoman", word)
    .addOption(checkOption())
    .option(...CHECK_JSON_OPTION)
    .action((options: HaproxyOptions, command: Command) => haproxy(options, command, io));
}

async function haproxy(options: HaproxyOptions, command: Command, io: Terminal): Promise<void> {
  if (options.check !== undefined) return probeSite({ ...options, url: options.check }, io);
  refuseJsonFiles(options, command);
  if ((options.tlsBind === undefined) !== (options.tlsCert === undefined))
    command.error("error: --tls-bind and --tls-cert go together.");
  if (options.path === "" && options.routing !== "subdomain") command.error(`error: ${NEEDS_PREFIX}`);
  const { gateway = ["127.0.0.1:8000"], site = ["127.0.0.1:8080"] } = options;
  if (gateway.length > 2 || site.length > 2)
    command.error("error: the files support two nodes; add server lines to 20-backends.cfg for more.");
  const variables = haproxyVariables(options, gateway.map(inHaproxy), site.map(inHaproxy));
  const files = haproxyFiles(options.routing);
  const verdict = checkHaproxy(files, variables);
  refuseBad(verdict, "haproxy -c", command);
  if (options.out === undefined) {
    for (const [name, value] of Object.entries(variables)) io.out(`export ${name}='${value}'`);
    io.out(`haproxy -W ${files.map((file) => `-f '${file}'`).join(" ")}`);
  } else {
    await writeAll(options.out, files, variables, io);
  }
  tell(verdict, "haproxy -c", io);
  io.say(
    `Each open stream takes two of the files HAProxy may have (ulimit -n); it takes as many connections as fit, up to ${FILES / 2}.`,
  );
}

/** Writes the files and systemd's drop-in. HAProxy reads a folder's files in the order of their names. */
async function writeAll(
  out: string,
  files: readonly string[],
  variables: Readonly<Record<string, string>>,
  io: Terminal,
): Promise<void> {
  const folder = resolve(out);
  const texts = new Map(files.map((file) => [basename(file), readFileSync(file, "utf8")]));
  texts.set("haproxy.service.d/dragoman.conf", dropIn(folder, variables));
  await writeFiles(folder, texts);
  for (const path of texts.keys()) io.out(join(folder, path));
  io.say(
    `Then: cp -r ${folder}/haproxy.service.d /etc/systemd/system/ && systemctl daemon-reload && systemctl restart haproxy`,
  );
  io.say("This takes the place of /etc/haproxy/haproxy.cfg; /etc/default/haproxy must not set CONFIG.");
}

/** A drop-in for Debian's unit. % and $ mean something to systemd. */
function dropIn(folder: string, variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ CONFIG: folder, ...variables }).map(
    ([name, value]) => `Environment="${name}=${value.replaceAll("%", "%%")}"\n`,
  );
  return `# HAProxy with Dragoman's files, in the place of its own.\n[Service]\n${lines.join("")}LimitNOFILE=${FILES}\n`;
}

/** HAProxy marks a socket with @. */
function inHaproxy(address: string): string {
  return address.replace(/^unix:/, "unix@");
}

function haproxyVariables(
  options: HaproxyOptions,
  gateway: readonly string[],
  site: readonly string[],
): Record<string, string> {
  const given = {
    GATEWAY_ADDR: gateway[0],
    GATEWAY_ADDR_2: gateway[1],
    GATEWAY_PATH: options.path,
    GATEWAY_STREAM_PATH: `${options.path}/events`,
    GATEWAY_NOTIFY: options.notify === "/notify" ? undefined : options.notify,
    GATEWAY_HOST: options.host?.join(" "),
    GATEWAY_HSTS: options.hsts && `max-age=${options.hsts}`,
    SITE_ADDR: site[0],
    SITE_ADDR_2: site[1],
    SITE_CHECK_PATH: options.siteCheck,
    SITE_HOST: options.siteCheckHost,
    SITE_CHECK_STATUS: options.siteCheckStatus,
    SITE_CHECK_TIMEOUT: options.siteCheckTimeout,
    HTTP_BIND: options.bind?.join(","),
    HTTPS_BIND: options.tlsBind?.join(","),
    HTTPS_CERT: options.tlsCert && resolve(options.tlsCert),
    PROXY_PROTOCOL_FROM: options.acceptProxyProtocol?.join(" "),
    ...rights([...gateway, ...site]),
  };
  const set = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(set);
}

/** The user and folder that Debian made for HAProxy. Below a chroot no unix socket of a server is found. */
function rights(servers: readonly string[]): Readonly<Record<string, string>> {
  const hasUser = existsSync("/etc/passwd") && /^haproxy:/m.test(readFileSync("/etc/passwd", "utf8"));
  if (!hasUser) return {};
  const isReachable = !servers.some((address) => address.startsWith("unix@")) && existsSync(CHROOT);
  return { HAPROXY_USER: "haproxy", HAPROXY_GROUP: "haproxy", ...(isReachable ? { HAPROXY_CHROOT: CHROOT } : {}) };
}
