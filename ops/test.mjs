// `npm test`: prepares packages, real servers and a build, then runs the tests; arguments are passed to vitest.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import "./node-version.mjs";

const { installPackages, root } = await import("./install.mjs");
const run = (command, args) => spawnSync(command, args, { cwd: root, stdio: "inherit" }).status ?? 1;

installPackages({ dev: true });
if (run("bash", [join(root, "ops/install-test-servers.sh")]) !== 0) process.exit(1);
const { build } = await import("./build.mjs");
await build();
process.exit(run(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", ...process.argv.slice(2)]));
