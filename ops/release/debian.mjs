// Makes the Debian package: the product in /usr/lib/dragoman with its own Node.js, three systemd units and their settings.
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "../install.mjs";
import { run } from "./run.mjs";
import { freshFolder, product } from "./tree.mjs";

export const ARCHITECTURES = { x64: "amd64", arm64: "arm64" };
const LIB = "/usr/lib/dragoman";
const source = join(root, "ops/debian");

export function debianPackage({ tree, runtime, work, into }) {
  const architecture = ARCHITECTURES[process.arch];
  const staged = freshFolder(join(work, "deb"));
  const at = (path) => {
    mkdirSync(dirname(join(staged, path)), { recursive: true });
    return join(staged, path);
  };
  cpSync(tree, at(LIB), { recursive: true });
  copyFileSync(join(runtime, "bin/node"), at(`${LIB}/runtime/node`));
  for (const program of ["dragoman", "sendmail"]) useRuntime(at(`${LIB}/bin/${program}.mjs`));
  symlinkSync("../lib/dragoman/bin/dragoman.mjs", at("/usr/bin/dragoman"));
  copyFileSync(join(source, "redis.conf"), at(`${LIB}/redis.conf`));
  copyFileSync(join(source, "dragoman.env"), at("/etc/dragoman/dragoman.env"));
  writeFileSync(
    at("/usr/share/man/man1/dragoman.1.gz"),
    gzipSync(readFileSync(join(source, "dragoman.1")), { level: 9 }),
  );
  const doc = at("/usr/share/doc/dragoman/copyright");
  writeFileSync(doc, copyright(runtime, tree));
  writeFileSync(
    at("/usr/share/doc/dragoman/changelog.gz"),
    gzipSync(readFileSync(join(tree, "CHANGELOG.md")), { level: 9 }),
  );
  copyFileSync(join(source, "dragoman-redis.service"), at("/lib/systemd/system/dragoman-redis.service"));
  for (const unit of readdirSync(join(root, "ops/systemd")).filter((name) => /\.(service|socket)$/.test(name))) {
    writeFileSync(
      at(`/lib/systemd/system/${unit}`),
      packagedUnit(readFileSync(join(root, "ops/systemd", unit), "utf8")),
    );
  }
  setModes(staged);
  for (const script of ["postinst", "prerm", "postrm"]) {
    copyFileSync(join(source, script), at(`/DEBIAN/${script}`));
    chmodSync(at(`/DEBIAN/${script}`), 0o755);
  }
  writeFileSync(at("/DEBIAN/conffiles"), "/etc/dragoman/dragoman.env\n");
  const control = readFileSync(join(source, "control"), "utf8")
    .replace("@VERSION@", product.version)
    .replace("@ARCHITECTURE@", architecture)
    .replace("@SIZE@", String(Math.ceil(sizeOf(staged) / 1024)));
  writeFileSync(at("/DEBIAN/control"), control);
  const file = join(into, `dragoman_${product.version}_${architecture}.deb`);
  run("dpkg-deb", ["--root-owner-group", "-Zxz", "-z1", "--build", staged, file]);
  return file;
}

/** Lets a program run by the Node.js of the package. */
function useRuntime(file) {
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace("#!/usr/bin/env node", `#!${LIB}/runtime/node`));
}

/** Changes a unit's paths from a checkout in /opt to the package. */
function packagedUnit(text) {
  return text
    .replaceAll("/usr/bin/node bin/dragoman.mjs", "/usr/bin/dragoman")
    .replaceAll("/opt/dragoman", LIB)
    .replaceAll("redis-server.service", "dragoman-redis.service")
    .replace(/^Wants=network-online\.target$/m, "Wants=network-online.target dragoman-redis.service")
    .replace(/^# For the socket of a Redis on this machine\.\nSupplementaryGroups=redis\n/m, "");
}

/** Files are readable by all, folders too; programs stay programs. */
function setModes(folder) {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    else if (entry.isFile()) chmodSync(path, /\/(bin\/[^/]+\.mjs|runtime\/node)$/.test(path) ? 0o755 : 0o644);
  }
}

function sizeOf(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function copyright(runtime, tree) {
  const parts = [
    `Dragoman\n\n${readFileSync(join(tree, "LICENSE"), "utf8")}`,
    `The packages in ${LIB}/dist: see THIRD-PARTY-LICENSES.txt there.\n`,
    `Node.js in ${LIB}/runtime\n\n${readFileSync(join(runtime, "LICENSE"), "utf8")}`,
  ];
  return parts.join(`\n${"-".repeat(72)}\n\n`);
}
