import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { ended } from "./dovecot.ts";
import { guardedSpawn } from "./guarded-spawn.ts";
import { until } from "./redis-process.ts";

export interface TestMariadb {
  /** Unix socket; `root` needs no password. */
  readonly socket: string;
  readonly stop: () => Promise<void>;
}

/** Starts a private MariaDB on a unix socket with one empty database. */
export async function testMariadb(database: string): Promise<TestMariadb> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-mariadb-"));
  await chmod(dir, 0o755);
  const data = join(dir, "data");
  const socket = join(dir, "db.sock");
  const env = { PATH: `${process.env.PATH}:/usr/sbin`, HOME: dir };
  const user = userInfo().uid === 0 ? ["--user=root"] : [];
  execFileSync(
    "mariadb-install-db",
    [
      "--no-defaults",
      ...user,
      `--datadir=${data}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
      "--skip-name-resolve",
    ],
    { env, stdio: "pipe" },
  );
  const child = guardedSpawn(
    [
      "mariadbd",
      "--no-defaults",
      ...user,
      `--datadir=${data}`,
      `--socket=${socket}`,
      `--pid-file=${join(dir, "db.pid")}`,
      "--skip-networking",
      // PHP may run as another user; its data need not outlive the test.
      "--skip-log-bin",
      "--innodb-flush-log-at-trx-commit=0",
      `--init-file=${await initFile(dir, database)}`,
    ],
    { env, output: "ignore" },
  );
  await until(() => existsSync(socket), 60_000);
  return {
    socket,
    stop: async () => {
      await ended(child);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function initFile(dir: string, database: string): Promise<string> {
  const file = join(dir, "init.sql");
  await writeFile(file, `CREATE DATABASE ${database};\n`);
  return file;
}
