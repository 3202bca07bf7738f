import { resolve } from "node:path";
import type { Command } from "commander";
import type { Terminal } from "./apps.ts";
import { checkNginx, nginxVersion, printOrWrite, refuseBad, tell } from "./proxy-check.ts";
import { NGINX_DEFAULTS, type NginxLayout, type NginxVariables, nginxFiles, nginxNodes } from "./proxy-files.ts";
import { capacityOf, collisionOf, installedNginx } from "./proxy-installed.ts";
import { CHECK_JSON_OPTION, checkOption, probeSite, refuseJsonFiles } from "./proxy-probe.ts";
import {
  addresses,
  foreignFile,
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

interface NginxOptions extends ProxyOptions {
  readonly site?: readonly string[];
  readonly name?: readonly string[];
  readonly root?: string;
  readonly listen?: readonly string[];
  readonly tlsKey?: string;
  readonly ws?: string;
  readonly front?: string;
  readonly logs?: string;
  readonly config?: string;
}

/** Adds `dragoman proxy nginx`. */
export function nginxCommand(proxy: Command, io: Terminal): void {
  proxy
    .command("nginx")
    .description(
      "Fills the shipped nginx files, checks them with `nginx -t` where it is installed, and prints or writes them.",
    )
    .addOption(gatewayOption())
    .option(
      "--site <address...>",
      "address of the site's server; without it only the snippets for your own server",
      addresses,
    )
    .option("--name <name...>", "server_name of the site; the files are named after the first", words)
    .option("--root <folder>", "serve plain assets from this document root, with 30 days' expiry", word)
    .option("--listen <address...>", "what nginx listens on without TLS (default: 80 [::]:80)", words)
    .option("--tls-cert <file>", "certificate; enables TLS with HTTP/2", word)
    .option("--tls-key <file>", "key of the certificate", word)
    .addOption(hstsOption())
    .option("--ws <name>", "host name of the gateway alone, in place of a site", word)
    .addOption(pathOption())
    .addOption(notifyOption())
    .option("--front <cidr>", "address of your proxy before this nginx, whose X-Forwarded-* are trusted", word)
    .addOption(proxyProtocolOption())
    .option("--logs <folder>", "folder of nginx's logs (default: /var/log/nginx)", word)
    .option("--out <folder>", "write the files there, e.g. /etc/nginx/conf.d; printed without it", word)
    .option("--config <file>", "nginx's main file, to look for what would collide (default: the installed one)", word)
    .addOption(checkOption())
    .option(...CHECK_JSON_OPTION)
    .action((options: NginxOptions, command: Command) => nginx(options, command, io));
}

async function nginx(options: NginxOptions, command: Command, io: Terminal): Promise<void> {
  if (options.check !== undefined) return probeSite({ ...options, url: options.check }, io);
  refuseJsonFiles(options, command);
  if (options.path === "") command.error(`error: ${NEEDS_PREFIX}`);
  const layout = layoutOf(options, command);
  const name = options.name?.[0];
  const variables = nginxVariables(options, name);
  const installed = installedNginx(options.config);
  const collision = collisionOf(installed, { ...options, layout, id: variables.GATEWAY_ID });
  if (collision !== undefined) command.error(`error: ${collision}`);
  const verdict = await checkNginx(layout, variables);
  refuseBad(verdict, "nginx -t", command);
  const files = nginxFiles(layout, variables, name);
  const foreign = options.out === undefined ? undefined : await foreignFile(options.out, files);
  if (foreign !== undefined) command.error(`error: ${foreign}`);
  await printOrWrite(files, options.out, io);
  tell(verdict, "nginx -t", io);
  if (installed !== undefined) io.say(capacityOf(installed));
  if (layout === "snippets")
    io.say(
      `Put this into your server{}, before its own rewrites: include ${variables.NGINX_SNIPPETS}/gateway-locations.conf;`,
    );
  if (options.out !== undefined) io.say("Then: nginx -t && nginx -s reload");
}

function layoutOf(options: NginxOptions, command: Command): NginxLayout {
  const { site, ws, tlsCert, tlsKey, front, acceptProxyProtocol } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) command.error("error: --tls-cert and --tls-key go together.");
  if (front !== undefined && acceptProxyProtocol !== undefined)
    command.error("error: --front and --accept-proxy-protocol are two ways to say the visitor's address: give one.");
  if (acceptProxyProtocol !== undefined && site === undefined && ws === undefined)
    command.error(
      "error: --accept-proxy-protocol needs --site or --ws; a server of yours takes listen … proxy_protocol, set_real_ip_from and real_ip_header proxy_protocol.",
    );
  if (ws !== undefined && site !== undefined) command.error("error: --ws is a separate server: leave --site out.");
  if (tlsCert !== undefined && site === undefined) command.error("error: --tls-cert needs --site.");
  if (ws !== undefined) return "ws-subdomain";
  if (site === undefined) return "snippets";
  return tlsCert === undefined ? "site" : "site-tls";
}

function nginxVariables(options: NginxOptions, name: string | undefined): NginxVariables {
  const snippets = name === undefined ? "snippets" : `snippets/${name}`;
  const given = {
    GATEWAY_ID: name && `dragoman_${name.replaceAll(/\W/g, "_")}`,
    GATEWAY_ADDR: options.gateway && nginxNodes(options.gateway, "gateway"),
    GATEWAY_PATH: options.path,
    GATEWAY_STREAM_PATH: `${options.path}/events`,
    GATEWAY_NOTIFY: options.notify,
    GATEWAY_HSTS: options.hsts && `max-age=${options.hsts}`,
    SITE_ADDR: options.site && nginxNodes(options.site, "site"),
    SERVER_NAME: options.name?.join(" "),
    SITE_ROOT: options.root && resolve(options.root),
    HTTP_LISTEN: listenOf(options),
    TLS_CERT: options.tlsCert && resolve(options.tlsCert),
    TLS_KEY: options.tlsKey && resolve(options.tlsKey),
    WS_SERVER_NAME: options.ws,
    NGINX_FRONT: options.front,
    NGINX_LOG_DIR: options.logs && resolve(options.logs),
    ...proxyProtocolVariables(options),
    NGINX_LISTEN_TLS: listenTlsOf(options),
    NGINX_SNIPPETS: resolve(options.out ?? "/etc/nginx/conf.d", snippets),
  };
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...NGINX_DEFAULTS, ...Object.fromEntries(set) };
}

/** Returns the addresses to listen on. nginx wants the PROXY header of everybody or of nobody there. */
function listenOf({ listen, acceptProxyProtocol }: NginxOptions): string | undefined {
  if (acceptProxyProtocol === undefined) return listen?.join(";\n    listen ");
  return (listen ?? ["80", "[::]:80"]).map((address) => `${address} proxy_protocol`).join(";\n    listen ");
}

function listenTlsOf({ acceptProxyProtocol }: NginxOptions): string {
  const [parameters, http2] = knowsHttp2On(nginxVersion()) ? ["ssl", ";\n    http2 on"] : ["ssl http2", ""];
  const all = acceptProxyProtocol === undefined ? parameters : `${parameters} proxy_protocol`;
  return `443 ${all};\n    listen [::]:443 ${all}${http2}`;
}

function proxyProtocolVariables({ acceptProxyProtocol }: NginxOptions): Partial<NginxVariables> {
  if (acceptProxyProtocol === undefined) return {};
  return {
    PROXY_PROTOCOL_FROM: acceptProxyProtocol.join(";\n    set_real_ip_from  "),
    NGINX_REAL_IP_HEADER: "proxy_protocol",
  };
}

/** From 1.25.1 on HTTP/2 is a separate directive. */
function knowsHttp2On([major = 0, minor = 0, patch = 0]: readonly number[] = []): boolean {
  return major > 1 || minor > 25 || (minor === 25 && patch >= 1);
}
