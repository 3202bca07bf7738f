import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What fills the nginx templates, by name. The defaults are for everything on one machine, as Debian lays it out. */
export const NGINX_DEFAULTS = {
  GATEWAY_ADDR: "127.0.0.1:8000",
  GATEWAY_ID: "dragoman",
  GATEWAY_PATH: "/gateway",
  GATEWAY_STREAM_PATH: "/gateway/events",
  GATEWAY_NOTIFY: "/notify",
  GATEWAY_HSTS: "",
  GATEWAY_READ_TIMEOUT: "90s",
  GATEWAY_MAX_BODY: "16m",
  GATEWAY_RATE: "50r/s",
  GATEWAY_BURST: "200",
  GATEWAY_CONNS: "256",
  HTTP_LISTEN: "80;\n    listen [::]:80",
  NGINX_LISTEN_TLS: "443 ssl http2;\n    listen [::]:443 ssl http2",
  NGINX_FRONT: "192.0.2.1/32",
  NGINX_REAL_IP_HEADER: "X-Forwarded-For",
  NGINX_SNIPPETS: "/etc/nginx/conf.d/snippets",
  NGINX_LOG_DIR: "/var/log/nginx",
  PROXY_PROTOCOL_FROM: "192.0.2.1/32",
  SERVER_NAME: "_",
  WS_SERVER_NAME: "ws.example.com",
  SITE_ADDR: "127.0.0.1:8080",
  SITE_ROOT: "",
  TLS_CERT: "/etc/ssl/certs/ssl-cert-snakeoil.pem",
  TLS_KEY: "/etc/ssl/private/ssl-cert-snakeoil.key",
} as const;

export type NginxVariables = { readonly [Name in keyof typeof NGINX_DEFAULTS]: string };

/** Several nodes in the place of one, for GATEWAY_ADDR or SITE_ADDR. The template's own parameters follow the last. */
export function nginxNodes(nodes: readonly string[], of: "gateway" | "site"): string {
  return nodes.join(` ${of === "gateway" ? "max_fails=0" : "max_fails=3 fail_timeout=5s"};\n    server `);
}

/** The files of a layout. `snippets` go into a server of yours, the others bring their own. */
export const NGINX_LAYOUTS = {
  snippets: [],
  site: ["site.conf"],
  "site-tls": ["site-tls.conf"],
  "ws-subdomain": ["ws-subdomain.conf"],
} as const;

export type NginxLayout = keyof typeof NGINX_LAYOUTS;

export const HAPROXY_ROUTINGS = ["uri", "subdomain", "upgrade"] as const;

/** A folder of the package, which lies two folders above `src/cli` and three above `dist/src/cli`. */
function shipped(folder: "nginx" | "haproxy" | "apache"): string {
  const up = import.meta.url.endsWith(".ts") ? "../../" : "../../../";
  return fileURLToPath(new URL(`${up}${folder}/`, import.meta.url));
}

/** The shipped HAProxy files of a routing, in the order HAProxy must read them. */
export function haproxyFiles(routing: (typeof HAPROXY_ROUTINGS)[number]): readonly string[] {
  return ["00-global.cfg", "10-edge.cfg", "20-backends.cfg", `routing-${routing}.cfg`].map((name) =>
    join(shipped("haproxy"), name),
  );
}

/** Modules that the shipped Apache files need. */
export const APACHE_MODULES = [
  "mpm_event",
  "authn_core",
  "authz_core",
  "alias",
  "proxy",
  "proxy_http",
  "proxy_fcgi",
  "headers",
  "rewrite",
  "remoteip",
  "setenvif",
  "env",
  "dir",
  "mime",
  "reqtimeout",
  "ssl",
] as const;

/** The path of a shipped Apache file. */
export function apacheFile(name: string): string {
  return join(shipped("apache"), name);
}

/** Folder of this machine's Apache modules; undefined without Apache. */
export function apacheModules(): string | undefined {
  const candidates = [
    "/usr/lib/apache2/modules",
    "/usr/lib64/httpd/modules",
    "/usr/lib/httpd/modules",
    "/usr/libexec/apache2",
  ];
  return candidates.find((candidate) => existsSync(join(candidate, "mod_proxy.so")));
}

/**
 * Fills the templates of a layout, as `envsubst` does with the list of these names. Answers texts by relative path.
 * With the name of a site its files are named after it, so that a second site has its own beside them.
 */
export function nginxFiles(layout: NginxLayout, variables: NginxVariables, site?: string): ReadonlyMap<string, string> {
  const folder = shipped("nginx");
  const snippets = readdirSync(join(folder, "snippets"))
    .map((name) => name.replace(/\.template$/, ""))
    .filter((name) => (layout.startsWith("site") ? hasSnippet(name, variables) : name.startsWith("gateway-")))
    .sort();
  const named = (path: string, own: string): [string, string] => [
    site === undefined ? path : own,
    filled(readFileSync(join(folder, `${path}.template`), "utf8"), variables),
  ];
  return new Map([
    named("00-gateway.conf", `00-${site}-gateway.conf`),
    ...snippets.map((name) => named(`snippets/${name}`, `snippets/${site}/${name}`)),
    ...NGINX_LAYOUTS[layout].map((name) => named(name, `${site}.conf`)),
  ]);
}

/** Assets are served from the disk only where the document root is known. */
function hasSnippet(name: string, { SITE_ROOT }: NginxVariables): boolean {
  return name !== "site-assets.conf" || SITE_ROOT !== "";
}

function filled(template: string, variables: NginxVariables): string {
  return template.replaceAll(/\$\{([A-Z][A-Z_]*)\}/g, (whole, name: string) =>
    name in variables ? variables[name as keyof NginxVariables] : whole,
  );
}
