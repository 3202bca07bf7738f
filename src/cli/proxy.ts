import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { type Terminal, terminal } from "./apps.ts";
import { apacheCommand } from "./proxy-apache.ts";
import { checkHaproxy, checkNginx, nginxVersion, refuseBad, tell, writeFiles } from "./proxy-check.ts";
import {
  HAPROXY_ROUTINGS,
  haproxyFiles,
  NGINX_DEFAULTS,
  type NginxLayout,
  type NginxVariables,
  nginxFiles,
  nginxNodes,
} from "./proxy-files.ts";
import { addresses, gatewayOption, NEEDS_PREFIX, pathOption, word } from "./proxy-values.ts";

interface NginxOptions {
  readonly gateway?: readonly string[];
  readonly site?: readonly string[];
  readonly name?: string;
  readonly root?: string;
  readonly listen?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly ws?: string;
  readonly path: string;
  readonly front?: string;
  readonly logs?: string;
  readonly out?: string;
}

interface HaproxyOptions {
  readonly gateway?: readonly string[];
  readonly site?: readonly string[];
  readonly routing: (typeof HAPROXY_ROUTINGS)[number];
  readonly host?: string;
  readonly path: string;
  readonly bind?: string;
  readonly tlsBind?: string;
  readonly tlsCert?: string;
}

/** Adds `dragoman proxy nginx`, `haproxy` and `apache`, which fill and check the shipped files. */
export function proxyCommands(program: Command, io: Terminal = terminal): void {
  const proxy = program.command("proxy").description("Configuration files for the proxy before the gateway.");

  proxy
    .command("nginx")
    .description(
      "Fills the shipped nginx files, checks them with `nginx -t` where it is installed, and prints or writes them.",
    )
    .addOption(gatewayOption())
    .option(
      "--site <address...>",
      "where the site's own server listens; without it only the snippets for a server of yours",
      addresses,
    )
    .option("--name <name>", "server_name of the site", word)
    .option("--root <folder>", "document root, for plain assets", word)
    .option("--listen <port>", "what nginx listens on without TLS (default: 80)", word)
    .option("--tls-cert <file>", "certificate: makes it TLS with HTTP/2", word)
    .option("--tls-key <file>", "its key", word)
    .option("--ws <name>", "the gateway alone on a name of its own, in place of a site", word)
    .addOption(pathOption())
    .option("--front <cidr>", "a proxy of yours before this nginx, whose X-Forwarded-* count", word)
    .option("--logs <folder>", "where nginx writes its logs (default: /var/log/nginx)", word)
    .option("--out <folder>", "write the files there, e.g. /etc/nginx/conf.d; printed without it", word)
    .action((options: NginxOptions, command: Command) => nginx(options, command, io));

  proxy
    .command("haproxy")
    .description(
      "Prints how to run HAProxy with the shipped files, after checking them with `haproxy -c` where it is installed.",
    )
    .addOption(gatewayOption())
    .option("--site <address...>", "where the site's own server listens (default: 127.0.0.1:8080)", addresses)
    .addOption(
      new Option("--routing <kind>", "how the gateway's requests are told: by path, by name, by the Upgrade header")
        .choices(HAPROXY_ROUTINGS)
        .default("uri"),
    )
    .option("--host <name>", "the gateway's name (routing subdomain) or the site's (routing upgrade)", word)
    .addOption(pathOption())
    .option("--bind <address>", "what HAProxy listens on without TLS (default: :80)", word)
    .option("--tls-bind <address>", "what it listens on with TLS, e.g. :443", word)
    .option("--tls-cert <file>", "certificate and key in one file", word)
    .action((options: HaproxyOptions, command: Command) => haproxy(options, command, io));

  apacheCommand(proxy, io);
}

async function nginx(options: NginxOptions, command: Command, io: Terminal): Promise<void> {
  if (options.path === "") command.error(`error: ${NEEDS_PREFIX}`);
  const layout = layoutOf(options, command);
  const variables = nginxVariables(options);
  const verdict = await checkNginx(layout, variables);
  refuseBad(verdict, "nginx -t", command);
  const files = nginxFiles(layout, variables);
  if (options.out === undefined) {
    for (const [path, text] of files) io.out(`# ==> ${path} <==\n${text}`);
  } else {
    await writeFiles(options.out, files);
    for (const path of files.keys()) io.out(resolve(options.out, path));
  }
  tell(verdict, "nginx -t", io);
  if (layout === "snippets")
    io.say(`Put this into your server{}: include ${variables.NGINX_SNIPPETS}/gateway-locations.conf;`);
  if (options.out !== undefined) io.say("Then: nginx -t && nginx -s reload");
}

function layoutOf({ site, ws, tlsCert, tlsKey }: NginxOptions, command: Command): NginxLayout {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) command.error("error: --tls-cert and --tls-key go together.");
  if (ws !== undefined && site !== undefined) command.error("error: --ws is a server of its own: leave --site out.");
  if (tlsCert !== undefined && site === undefined) command.error("error: --tls-cert needs --site.");
  if (ws !== undefined) return "ws-subdomain";
  if (site === undefined) return "snippets";
  return tlsCert === undefined ? "site" : "site-tls";
}

function nginxVariables(options: NginxOptions): NginxVariables {
  const given = {
    GATEWAY_ADDR: options.gateway && nginxNodes(options.gateway, "gateway"),
    GATEWAY_PATH: options.path,
    GATEWAY_STREAM_PATH: `${options.path}/events`,
    SITE_ADDR: options.site && nginxNodes(options.site, "site"),
    SERVER_NAME: options.name,
    SITE_ROOT: options.root && resolve(options.root),
    HTTP_LISTEN: options.listen,
    TLS_CERT: options.tlsCert && resolve(options.tlsCert),
    TLS_KEY: options.tlsKey && resolve(options.tlsKey),
    WS_SERVER_NAME: options.ws,
    NGINX_FRONT: options.front,
    NGINX_LOG_DIR: options.logs && resolve(options.logs),
    NGINX_LISTEN_TLS: knowsHttp2On(nginxVersion()) ? "443 ssl; http2 on" : undefined,
    NGINX_SNIPPETS: options.out && resolve(options.out, "snippets"),
  };
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...NGINX_DEFAULTS, ...Object.fromEntries(set) };
}

/** From 1.25.1 on HTTP/2 is a directive of its own. */
function knowsHttp2On([major = 0, minor = 0, patch = 0]: readonly number[] = []): boolean {
  return major > 1 || minor > 25 || (minor === 25 && patch >= 1);
}

function haproxy(options: HaproxyOptions, command: Command, io: Terminal): void {
  if ((options.tlsBind === undefined) !== (options.tlsCert === undefined))
    command.error("error: --tls-bind and --tls-cert go together.");
  if (options.path === "" && options.routing !== "subdomain") command.error(`error: ${NEEDS_PREFIX}`);
  const { gateway = ["127.0.0.1:8000"], site = ["127.0.0.1:8080"] } = options;
  if (gateway.length > 2 || site.length > 2)
    command.error("error: the files have room for two nodes; add more server lines to 20-backends.cfg by hand.");
  const variables = haproxyVariables(options, gateway.map(inHaproxy), site.map(inHaproxy));
  const files = haproxyFiles(options.routing);
  const verdict = checkHaproxy(files, variables);
  refuseBad(verdict, "haproxy -c", command);
  for (const [name, value] of Object.entries(variables)) io.out(`export ${name}='${value}'`);
  io.out(`haproxy -W ${files.map((file) => `-f '${file}'`).join(" ")}`);
  tell(verdict, "haproxy -c", io);
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
    GATEWAY_HOST: options.host,
    SITE_ADDR: site[0],
    SITE_ADDR_2: site[1],
    HTTP_BIND: options.bind,
    HTTPS_BIND: options.tlsBind,
    HTTPS_CERT: options.tlsCert && resolve(options.tlsCert),
  };
  const set = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(set);
}
