// `npm run release`: makes every form in which Dragoman is installed, in release/. Asks the npm registry and Debian's mirror only.
//
//   node ops/release.mjs [--into FOLDER]
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./install.mjs";
import { debianPackage } from "./release/debian.mjs";
import { ociImage } from "./release/image.mjs";
import { nodeRuntime } from "./release/node-runtime.mjs";
import { run } from "./release/run.mjs";
import { freshFolder, layOut, product } from "./release/tree.mjs";

const { values } = parseArgs({ options: { into: { type: "string", default: join(root, "release") } } });
const into = freshFolder(resolve(values.into));
const work = mkdtempSync(join(tmpdir(), "dgm-release-"));
// The same commit gives the same bytes: tools of reproducible builds take every time from this variable.
process.env.SOURCE_DATE_EPOCH ??= run("git", ["log", "-1", "--format=%ct"], { cwd: root }).trim();

try {
  const tree = join(work, "tree");
  await layOut(tree);
  const runtime = nodeRuntime(process.arch);
  run("npm", ["pack", "--silent", "--pack-destination", into, tree]);
  debianPackage({ tree, runtime, work, into });
  ociImage({ tree, runtime, work, into });
  writeFileSync(
    join(into, `dragoman-${product.version}.cdx.json`),
    run("npm", ["run", "--silent", "sbom"], { cwd: root }),
  );
  copyFileSync(join(root, "CHANGELOG.md"), join(into, "CHANGELOG.md"));
  const sums = readdirSync(into)
    .sort()
    .map(
      (file) =>
        `${createHash("sha256")
          .update(readFileSync(join(into, file)))
          .digest("hex")}  ${file}\n`,
    );
  writeFileSync(join(into, "SHA256SUMS"), sums.join(""));
  console.log(`${into}\n${sums.join("")}`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
