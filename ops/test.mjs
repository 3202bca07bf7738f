// `npm test`: brings what the tests need (packages, real servers, a build), then runs them; arguments go to vitest.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import "./node-version.mjs";

const { installPackages, root } = await import("./install.mjs");
const run = (command, args) => spawnSync(command, args, { cwd: root, stdio: "inherit" }).status ?? 1;

installPackages({ dev: true });
if (run("bash", [join(root, "ops/install-test-servers.sh")]) !== 0) process.exit(1);
const { build } = await import("./build.mjs");
build();
process.exit(run(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", ...process.argv.slice(2)]));
