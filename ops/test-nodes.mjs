// `npm run test:nodes`: the core's tests on the other Node lines, brought from the npm registry. Linux x64 and arm64 only.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism, homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const LINES = ["22", "24"];
/** Tests of parts that differ between Node versions: HTTP server, streams, sockets, workers, processes. */
const TESTS = ["test/workers", "test/routes", "test/src/streaming", "test/src/event-log", "test/src/outbox"];

const WORKERS = String(2 * availableParallelism());

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "dragoman", "node");

for (const line of LINES) {
  const folder = join(cache, line);
  const name = `node-linux-${process.arch}`;
  const node = join(folder, "node_modules", name, "bin", "node");
  if (!existsSync(node)) {
    console.log(`Fetching Node ${line} from the npm registry`);
    run("npm", ["install", "--no-save", "--prefix", folder, `${name}@${line}`]);
  }
  run(node, ["--version"]);
  run(node, [join(root, "node_modules/vitest/vitest.mjs"), "run", "--maxWorkers", WORKERS, ...TESTS], {
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH}`,
  });
}

function run(command, args, env = process.env) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit", env });
  if (status !== 0) {
    console.error(`${command} ended with ${status}`);
    process.exit(status ?? 1);
  }
}
