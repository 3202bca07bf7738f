// Lays out what an installation holds: bundles, programs, proxies' files and clients; no packages, no sources.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "../build.mjs";
import { root } from "../install.mjs";

/** What package.json says about the product. */
export const product = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Builds the product and copies it into a new folder. */
export async function layOut(folder) {
  await build();
  freshFolder(folder);
  for (const path of [...product.files, "LICENSE", "README.md", "CHANGELOG.md", "docs"]) {
    if (!existsSync(join(root, path))) throw new Error(`package.json lists ${path}, which is not there`);
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  rmSync(join(folder, "dist/.build.json"));
  const { name, version, description, license, type, engines, bin, files } = product;
  // Private: the name in the registry is not ours.
  const shipped = { name, version, description, license, private: true, type, engines, bin, files: [...files, "docs"] };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(shipped, null, 2)}\n`);
  writeFileSync(join(folder, "dist/THIRD-PARTY-LICENSES.txt"), licensesOf(join(folder, "dist")));
}

/** Makes an empty folder in the place of what was there. */
export function freshFolder(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Collects the licenses of the packages in the bundles, by source maps and package.json. */
function licensesOf(dist) {
  const maps = readdirSync(dist, { recursive: true }).filter((path) => path.endsWith(".js.map"));
  const sources = maps.flatMap((path) => JSON.parse(readFileSync(join(dist, path), "utf8")).sources);
  // Bundles of pages have no source maps; what package.json lists is in one of them, or makes them.
  const listed = Object.keys(product.dependencies).map((name) => `node_modules/${name}`);
  const texts = [...new Set([...sources.flatMap(packagesOn), ...listed])].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    const file = readdirSync(join(root, folder)).find((path) => /^licen[cs]e/i.test(path));
    const text = file === undefined ? "" : `\n\n${readFileSync(join(root, folder, file), "utf8").trim()}`;
    return `${name} ${version}: ${license ?? "see the text"}${text}\n`;
  });
  return `The bundles contain these packages, or were made with them.\n\n${texts.join(`\n${"-".repeat(72)}\n\n`)}`;
}

/** Lists the packages that a source file lies in. */
function packagesOn(path) {
  const [, inside = ""] = /(?:^|\/)(node_modules\/.*)/.exec(path) ?? [];
  const ends = [...inside.matchAll(/node_modules\/(?:@[^/]+\/)?[^/]+/g)].map(
    ({ index, 0: part }) => index + part.length,
  );
  return ends.map((end) => inside.slice(0, end)).filter((folder) => existsSync(join(root, folder, "package.json")));
}
