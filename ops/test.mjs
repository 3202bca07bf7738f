// `npm test`: prepares packages, real servers and a build, then runs the tests. `--quick` leaves out the slow ones,
// `--short` kills and restarts less often; all other arguments are passed to vitest.
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import "./node-version.mjs";

const { installPackages, root } = await import("./install.mjs");
const run = (command, args, env = process.env) =>
  spawnSync(command, args, { cwd: root, stdio: "inherit", env }).status ?? 1;

const given = process.argv.slice(2);
const passed = given.filter((argument) => argument !== "--quick" && argument !== "--short");
const extent = given.includes("--short") ? "few" : "all";

installPackages({ dev: true });
if (run("bash", [join(root, "ops/install-test-servers.sh")]) !== 0) process.exit(1);
const { build } = await import("./build.mjs");
await build();
// Many tests wait for servers and timers, so that twice as many as processors keep these busy.
const options = ["--maxWorkers", String(2 * availableParallelism())];
if (given.includes("--quick")) options.push("--project", "quick");
const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", ...options, ...passed];
process.exit(run(process.execPath, vitest, { ...process.env, TEST_EXTENT: extent }));
