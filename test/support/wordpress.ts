import { execFileSync } from "node:child_process";
import { chmod, cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testApache } from "./apache.ts";
import { ROOT } from "./docs-samples.ts";
import { testMariadb } from "./mariadb.ts";

/** Login of the site's administrator. */
export const WORDPRESS_ADMIN = { user: "admin", password: "correct horse battery", email: "admin@example.org" };

/** Commands of docs/wordpress.md. */
const INSTALL = `
cp -r clients/wordpress /usr/share/wordpress/wp-content/plugins/dragoman
cp clients/php/Dragoman.php /usr/share/wordpress/wp-content/plugins/dragoman/
`;

export interface TestWordpress {
  /** `127.0.0.1:port` of its Apache, whose `/gateway` leads to the gateway. */
  readonly address: string;
  /** Runs what is due in WP-Cron. Resolves before that has ended. */
  readonly runCron: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts Debian's WordPress on Apache, PHP-FPM and MariaDB, with the plugin in its folder. The site is installed. */
export async function testWordpress(gateway: string): Promise<TestWordpress> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-wordpress-"));
  await chmod(dir, 0o755);
  const root = join(dir, "site");
  await cp("/usr/share/wordpress", root, { recursive: true, dereference: true });
  execFileSync("/bin/sh", ["-ec", INSTALL.replaceAll("/usr/share/wordpress", root)], { cwd: ROOT });
  const database = await testMariadb("wordpress");
  await writeFile(join(root, "wp-config.php"), configuration(database.socket));
  const apache = await testApache({
    layout: "site-front",
    root,
    variables: { GATEWAY_ADDR: gateway },
    phpExtensions: ["mysqlnd", "mysqli"],
  });
  const ask = async (path: string, body?: URLSearchParams): Promise<string> => {
    const answer = await fetch(`http://${apache.address}${path}`, body === undefined ? {} : { method: "POST", body });
    if (!answer.ok) throw new Error(`WordPress answered ${answer.status} to ${path}: ${await answer.text()}`);
    return answer.text();
  };
  const { user, password, email } = WORDPRESS_ADMIN;
  const page = await ask(
    "/wp-admin/install.php?step=2",
    new URLSearchParams({
      weblog_title: "Corner shop",
      user_name: user,
      admin_password: password,
      admin_password2: password,
      pw_weak: "on",
      admin_email: email,
      blog_public: "0",
    }),
  );
  if (!page.includes("Success")) throw new Error(`WordPress was not installed: ${page}`);
  return {
    address: apache.address,
    runCron: async () => {
      await ask("/wp-cron.php");
    },
    stop: async () => {
      await apache.stop();
      await database.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Settings of the site. Its address is the one that the visitor used, so that tests can put proxies before it. */
function configuration(socket: string): string {
  const keys = ["AUTH", "SECURE_AUTH", "LOGGED_IN", "NONCE"].flatMap((name) => [`${name}_KEY`, `${name}_SALT`]);
  return `<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:${socket}');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
${keys.map((name) => `define('${name}', 'test ${name}');`).join("\n")}
define('WP_HOME', 'http://' . $_SERVER['HTTP_HOST']);
define('WP_SITEURL', WP_HOME);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
$table_prefix = 'wp_';
if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
`;
}
