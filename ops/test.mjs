// `npm test`: prepares packages, real servers and a build, then runs the tests. `--quick` leaves out the slow ones,
// `--short` kills and restarts less often, `--loaded` runs them at a low priority beside threads that keep the processors
// busy; all other arguments are passed to vitest.
import { fork, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import "./node-version.mjs";

const { installPackages, root } = await import("./install.mjs");
const run = (command, args, env = process.env) =>
  spawnSync(command, args, { cwd: root, stdio: "inherit", env }).status ?? 1;

const given = process.argv.slice(2);
const OWN = ["--quick", "--short", "--loaded"];
const passed = given.filter((argument) => !OWN.includes(argument));
const extent = given.includes("--short") ? "few" : "all";

installPackages({ dev: true });
if (run("bash", [join(root, "ops/install-test-servers.sh")]) !== 0) process.exit(1);
const { build } = await import("./build.mjs");
await build();
// Many tests wait for servers and timers, so that twice as many as processors keep these busy.
const options = ["--maxWorkers", String(2 * availableParallelism())];
if (given.includes("--quick")) options.push("--project", "quick");
const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", ...options, ...passed];
const env = { ...process.env, TEST_EXTENT: extent };
if (!given.includes("--loaded")) process.exit(run(process.execPath, vitest, env));
fork(join(root, "ops/burn-cpu.mjs"));
process.exit(run("nice", ["-n", "5", process.execPath, ...vitest], env));
