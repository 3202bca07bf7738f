import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { APACHE_MODULES, apacheFile, apacheModules } from "../../../../src/cli/proxy-files.ts";
import { phpFpm } from "../../../support/apache.ts";
import { freePort, listening } from "../../../support/free-port.ts";
import { type Certificate, certificate } from "../../../support/mail-certificate.ts";
import { until } from "../../../support/redis-process.ts";
import { shell } from "../../../support/shell.ts";
import { hostOf, type Site } from "./site.ts";

/** Ports on which one Apache serves the same sites. */
export interface Farm {
  /** As they were: without any proxy. */
  readonly direct: number;
  readonly directTls: number;
  /** Behind a proxy, and behind one that ends TLS. */
  readonly behind: number;
  readonly behindTls: number;
  /** Apache alone, with the gateway in each site's own `<VirtualHost>`. */
  readonly front: number;
  readonly frontTls: number;
  readonly tls: Certificate;
  readonly log: string;
  readonly stop: () => Promise<void>;
}

const PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin`;
const MORE = ["deflate", "auth_basic", "authn_file", "authz_user", "authz_host", "http2", "autoindex", "negotiation"];
const MODULES = [...APACHE_MODULES, ...MORE, "expires", "filter"];

/** Starts one Apache, with HTTP/2 and h2c, and one PHP-FPM for all these sites. */
export async function siteFarm(sites: readonly Site[], gateway: string, sockets: string): Promise<Farm> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-farm-"));
  await chmod(dir, 0o755);
  for (const site of sites) await writeSite(join(dir, site.name), site);
  const tls = certificate(dir, sites.map((site) => `DNS:${hostOf(site)}`).join(","));
  const ports = {
    direct: await freePort(),
    directTls: await freePort(),
    behind: await freePort(),
    behindTls: await freePort(),
    front: await freePort(),
    frontTls: await freePort(),
  };
  await mkdir(join(dir, "php-sessions"));
  await chmod(join(dir, "php-sessions"), 0o777);
  await writeFile(join(dir, "php-fpm.conf"), pool(dir));
  const php = shell([phpFpm(), "-n", "-F", "-y", join(dir, "php-fpm.conf")], { cwd: dir, env: { PATH } });
  await until(() => existsSync(join(dir, "php.sock")));
  const ssl = `SSLEngine on\nSSLCertificateFile ${tls.certFile}\nSSLCertificateKeyFile ${tls.keyFile}`;
  const behind = `Include ${apacheFile("behind-proxy.conf")}`;
  const front = `Include ${apacheFile("gateway-front.conf")}`;
  const hosts = sites.flatMap((site) => [
    vhost(dir, site, ports.direct, sockets, ""),
    vhost(dir, site, ports.directTls, sockets, ssl),
    vhost(dir, site, ports.behind, sockets, behind),
    vhost(dir, site, ports.behindTls, sockets, behind, "https://"),
    vhost(dir, site, ports.front, sockets, front),
    vhost(dir, site, ports.frontTls, sockets, `${ssl}\n${front}`),
  ]);
  await writeFile(join(dir, "apache.conf"), `${main(dir, gateway, Object.values(ports))}\n${hosts.join("\n")}`);
  // Says what is wrong with a site, which the server itself would not.
  execFileSync("apache2", ["-t", "-f", join(dir, "apache.conf")], {
    env: { PATH },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const apache = shell(["apache2", "-f", join(dir, "apache.conf"), "-DFOREGROUND"], { cwd: dir, env: { PATH } });
  await listening(ports.frontTls);
  return {
    ...ports,
    tls,
    log: join(dir, "error.log"),
    stop: async () => {
      await apache.stop();
      await php.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function writeSite(root: string, site: Site): Promise<void> {
  for (const [path, content] of Object.entries(site.files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), typeof content === "string" ? content.replaceAll("ROOT", root) : content);
  }
}

function vhost(dir: string, site: Site, port: number, sockets: string, more: string, scheme = ""): string {
  const root = join(dir, site.name);
  const own = (site.vhost ?? "").replaceAll("ROOT", root).replaceAll("SOCKETS", sockets);
  return `<VirtualHost *:${port}>
ServerName ${scheme}${hostOf(site)}
DocumentRoot ${root}
${more}
${own}
<Directory ${root}>
AllowOverride All
Require all granted
</Directory>
</VirtualHost>`;
}

/** Debian's own settings, as far as they can be seen from outside. */
function main(dir: string, gateway: string, ports: readonly number[]): string {
  const modules = apacheModules();
  return `
ServerRoot ${dir}
PidFile ${dir}/apache.pid
Mutex file:${dir}
ErrorLog ${dir}/error.log
ServerName localhost
${userInfo().uid === 0 ? "User nobody\nGroup nogroup" : ""}
${MODULES.map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`).join("\n")}
TypesConfig /etc/mime.types
LogFormat "%h %l %u %t \\"%r\\" %>s %O" combined
CustomLog ${dir}/access.log combined env=!dragoman
Protocols h2 h2c http/1.1
Timeout 300
KeepAlive On
KeepAliveTimeout 5
RequestReadTimeout header=20-40,MinRate=500 body=20,MinRate=500
StartServers 1
ThreadsPerChild 64
MaxRequestWorkers 128
DirectoryIndex index.php index.html
<FilesMatch "^\\.ht">
Require all denied
</FilesMatch>
<FilesMatch "\\.php$">
SetHandler "proxy:unix:${dir}/php.sock|fcgi://localhost"
</FilesMatch>
# PHP's flush() reaches the visitor.
<Proxy "unix:${dir}/php.sock|fcgi://localhost">
ProxySet flushpackets=on
</Proxy>
Define GATEWAY_ADDR ${gateway}
${ports.map((port) => `Listen 127.0.0.1:${port}`).join("\n")}
`;
}

function pool(dir: string): string {
  return `
[global]
error_log = ${dir}/php.log
daemonize = no
[site]
${userInfo().uid === 0 ? "user = nobody" : ""}
listen = ${dir}/php.sock
listen.mode = 0666
pm = static
pm.max_children = 24
php_value[session.save_path] = ${dir}/php-sessions
php_value[post_max_size] = 80M
php_value[upload_max_filesize] = 80M
php_value[output_buffering] = 0
`;
}
