import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { APACHE_MODULES, apacheFile, apacheModules } from "../../src/cli/proxy-files.ts";
import { freePort, listening } from "./free-port.ts";
import { PAGE } from "./lamp-site.ts";
import { type Certificate, certificate } from "./mail-certificate.ts";
import { until } from "./redis-process.ts";
import { shell } from "./shell.ts";

export interface TestApache {
  /** `127.0.0.1:port`. */
  readonly address: string;
  readonly port: number;
  readonly tls: Certificate;
  /** Output of `apache2 -t`. */
  readonly checked: string;
  readonly log: (name: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

export interface ApacheSettings {
  /** `site-front`: Apache alone; `site-8080`: behind a proxy. */
  readonly layout: "site-front" | "site-8080";
  /** Defined before the shipped files are read. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly tls?: boolean;
  /** The document root, in place of a page and a mirror. */
  readonly root?: string;
  /** Environment variables of PHP. */
  readonly phpEnv?: Readonly<Record<string, string>>;
  /** Extensions of PHP beside those that are compiled in. */
  readonly phpExtensions?: readonly string[];
}

const PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin`;

/** Serves the page of the site at `/`. Every other path answers with the request as PHP received it. */
const MIRROR = `<?php
header('Content-Type: application/json');
$headers = array_change_key_case(getallheaders());
echo json_encode(array(
    'method' => $_SERVER['REQUEST_METHOD'],
    'path' => $_SERVER['REQUEST_URI'],
    'headers' => (object) $headers,
    'body' => file_get_contents('php://input'),
    'visitor' => $_SERVER['REMOTE_ADDR'],
    'https' => isset($_SERVER['HTTPS']) && $_SERVER['HTTPS'] === 'on',
));
`;

/** Starts a private Apache with PHP-FPM and the shipped files on a random port. Needs no root. */
export async function testApache(settings: ApacheSettings): Promise<TestApache> {
  const { layout, variables = {}, tls = false, root, phpEnv = {}, phpExtensions = [] } = settings;
  const dir = await mkdtemp(join(tmpdir(), "dgm-apache-"));
  await chmod(dir, 0o755);
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const files = certificate(dir);
  if (root === undefined) await site(join(dir, "site"));
  const defined = {
    HTTP_LISTEN: address,
    SITE_ADDR: address,
    SITE_ROOT: root ?? join(dir, "site"),
    SITE_LOG_DIR: dir,
    PHP_SOCKET: join(dir, "php.sock"),
    GATEWAY_INCLUDE: apacheFile("gateway-front.conf"),
    BEHIND_INCLUDE: apacheFile("behind-proxy.conf"),
    ...(tls ? { TLS_CERT: files.certFile, TLS_KEY: files.keyFile } : {}),
    ...variables,
  };
  await writeFile(join(dir, "apache.conf"), configuration(dir, layout, defined));
  await writeFile(join(dir, "php-fpm.conf"), pool(dir, phpEnv));
  // PHP may run as another user.
  await mkdir(join(dir, "sessions"));
  await chmod(join(dir, "sessions"), 0o777);
  const args = ["-f", join(dir, "apache.conf")];
  const checked = execFileSync("/bin/sh", ["-c", 'apache2 -t "$@" 2>&1', "sh", ...args], {
    encoding: "utf8",
    env: { PATH },
  });
  const extensions = phpExtensions.flatMap((name) => ["-d", `extension=${name}`]);
  const php = shell([phpFpm(), "-n", ...extensions, "-F", "-y", join(dir, "php-fpm.conf")], {
    cwd: dir,
    env: { PATH },
  });
  await until(() => existsSync(join(dir, "php.sock")));
  const apache = shell(["apache2", ...args, "-DFOREGROUND"], { cwd: dir, env: { PATH } });
  await listening(port);
  return {
    address,
    port,
    tls: files,
    checked,
    log: (name) => readFile(join(dir, `${name}.log`), "utf8"),
    stop: async () => {
      await apache.stop();
      await php.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function site(root: string): Promise<void> {
  await mkdir(root);
  await writeFile(join(root, "index.php"), `<?php header('Content-Type: text/html; charset=utf-8'); ?>\n${PAGE}`);
  await writeFile(join(root, "mirror.php"), MIRROR);
  await writeFile(join(root, "shop.css"), "p { color: red }");
  await writeFile(join(root, ".htaccess"), "FallbackResource /mirror.php\n");
}

function configuration(dir: string, layout: string, defined: Readonly<Record<string, string>>): string {
  const user = userInfo().uid === 0 ? "User #65534\nGroup #65534" : "";
  const modules = apacheModules();
  const front = layout === "site-front";
  return `
ServerRoot ${dir}
PidFile ${dir}/apache.pid
Mutex file:${dir}
ErrorLog ${dir}/error.log
ServerName localhost
${user}
${APACHE_MODULES.map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`).join("\n")}
LoadModule deflate_module ${modules}/mod_deflate.so
TypesConfig /dev/null
AddType text/css .css
AddType text/javascript .js
# A site as unkind to streams as one can be: everything is compressed.
SetOutputFilter DEFLATE
StartServers 1
ThreadsPerChild 32
MaxRequestWorkers 64
${front ? `Listen ${defined.HTTP_LISTEN}` : ""}
${Object.entries(defined)
  .map(([name, value]) => `Define ${name} ${value}`)
  .join("\n")}
Include ${apacheFile(`${layout}.conf`)}
`;
}

function pool(dir: string, env: Readonly<Record<string, string>>): string {
  const user = userInfo().uid === 0 ? "user = nobody" : "";
  return `
[global]
error_log = ${dir}/php.log
daemonize = no
[site]
${user}
listen = ${dir}/php.sock
listen.mode = 0666
pm = static
pm.max_children = 4
php_value[session.save_path] = ${dir}/sessions
php_flag[display_errors] = on
php_value[error_reporting] = -1
${Object.entries(env)
  .map(([name, value]) => `env[${name}] = "${value}"`)
  .join("\n")}
`;
}

/** Finds the PHP-FPM program; Debian puts the version into its name. */
export function phpFpm(): string {
  const found = PATH.split(":").flatMap((folder) => {
    try {
      return readdirSync(folder)
        .filter((name) => /^php-fpm[\d.]*$/.test(name))
        .map((name) => join(folder, name));
    } catch {
      return [];
    }
  });
  if (found[0] === undefined) throw new Error("PHP-FPM is not installed");
  return found[0];
}
