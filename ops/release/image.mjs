// Makes the container image as an OCI archive, without a container engine: two layers (system and Node.js, product), a
// configuration, a manifest. See the OCI image specification.
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ARCHITECTURES } from "./debian.mjs";
import { run } from "./run.mjs";
import { freshFolder, product } from "./tree.mjs";

/** Packages that Node.js links to, and a shell for the compose file. */
const PACKAGES = ["libc6", "libgcc-s1", "libstdc++6", "dash", "base-files", "netbase"];
const USER = "1000:1000";

export function ociImage({ tree, runtime, work, into }) {
  const architecture = ARCHITECTURES[process.arch];
  const folder = freshFolder(join(work, "oci"));
  const blobs = freshFolder(join(folder, "blobs/sha256"));
  const created = new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1_000).toISOString();
  const put = (mediaType, content) => {
    const digest = createHash("sha256").update(content).digest("hex");
    writeFileSync(join(blobs, digest), content);
    return { mediaType, digest: `sha256:${digest}`, size: content.length };
  };
  const putJson = (mediaType, value) => put(mediaType, Buffer.from(JSON.stringify(value)));
  const layers = [systemRoot(join(work, "system"), runtime), productRoot(join(work, "product"), tree)].map((root) => {
    const tar = tarOf(root, join(work, "layer.tar"));
    const diff = `sha256:${createHash("sha256").update(tar).digest("hex")}`;
    return { diff, blob: put("application/vnd.oci.image.layer.v1.tar+gzip", gzipSync(tar, { level: 6 })) };
  });
  const config = putJson("application/vnd.oci.image.config.v1+json", {
    created,
    architecture,
    os: "linux",
    config: settings(),
    rootfs: { type: "layers", diff_ids: layers.map(({ diff }) => diff) },
    history: [
      { created, created_by: "Debian packages and Node.js" },
      { created, created_by: "Dragoman" },
    ],
  });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = putJson(mediaType, { schemaVersion: 2, mediaType, config, layers: layers.map(({ blob }) => blob) });
  const annotations = { "org.opencontainers.image.ref.name": product.version };
  const platform = { architecture, os: "linux" };
  const index = { schemaVersion: 2, manifests: [{ ...manifest, platform, annotations }] };
  writeFileSync(join(folder, "index.json"), JSON.stringify(index));
  writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  const file = join(into, `dragoman-${product.version}-oci-${architecture}.tar`);
  renameSync(archive(folder, join(work, "image.tar")), file);
  return file;
}

/** The settings of ops/container/Containerfile. `Healthcheck` is Docker's addition to the specification. */
function settings() {
  const probe =
    "fetch('http://127.0.0.1:' + process.env.PORT + '/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))";
  const second = 1e9;
  return {
    User: USER,
    WorkingDir: "/app",
    Env: [
      "PATH=/usr/local/bin:/usr/bin:/bin",
      "NODE_ENV=production",
      "HOST=0.0.0.0",
      "PORT=8000",
      "DATA_DIR=/data",
      "REDIS_FETCH=false",
    ],
    Entrypoint: ["/usr/local/bin/node", "bin/dragoman.mjs"],
    Cmd: ["serve"],
    ExposedPorts: { "8000/tcp": {} },
    Volumes: { "/data": {} },
    StopSignal: "SIGTERM",
    Healthcheck: {
      Test: ["CMD", "/usr/local/bin/node", "-e", probe],
      Interval: 10 * second,
      Timeout: 3 * second,
      StartPeriod: 20 * second,
      Retries: 3,
    },
    Labels: {
      "org.opencontainers.image.title": "Dragoman",
      "org.opencontainers.image.version": product.version,
      "org.opencontainers.image.licenses": product.license,
    },
  };
}

/** Unpacks the packages of this machine's Debian, without what only people read. */
function systemRoot(folder, runtime) {
  freshFolder(folder);
  const debs = freshFolder(`${folder}-debs`);
  run("apt-get", ["-q", "-o", "APT::Sandbox::User=root", "download", ...PACKAGES], { cwd: debs });
  for (const deb of readdirSync(debs).sort()) run("dpkg-deb", ["-x", join(debs, deb), folder]);
  for (const path of ["usr/share/man", "usr/share/locale", "usr/share/lintian", "usr/share/bug"]) {
    rmSync(join(folder, path), { recursive: true, force: true });
  }
  mkdirSync(join(folder, "usr/local/bin"), { recursive: true });
  copyFileSync(join(runtime, "bin/node"), join(folder, "usr/local/bin/node"));
  chmodSync(join(folder, "usr/local/bin/node"), 0o755);
  writeFileSync(join(folder, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/data:/bin/sh\n");
  writeFileSync(join(folder, "etc/group"), "root:x:0:\nnode:x:1000:\n");
  if (!existsSync(join(folder, "bin/sh"))) throw new Error("the image would have no /bin/sh");
  return folder;
}

function productRoot(folder, tree) {
  freshFolder(folder);
  cpSync(tree, join(folder, "app"), { recursive: true });
  run("chmod", ["-R", "u=rwX,go=rX", join(folder, "app")]);
  for (const path of ["data", "keys", "keys-api"]) mkdirSync(join(folder, path));
  return folder;
}

/** Archives a layer; the folders for data belong to the user of the image. */
function tarOf(folder, file) {
  const own = ["data", "keys", "keys-api"].filter((path) => existsSync(join(folder, path)));
  const plain = [...same(), "--owner=0", "--group=0", ...own.map((path) => `--exclude=./${path}`)];
  run("tar", [...plain, "-cf", file, "-C", folder, "."]);
  if (own.length > 0) run("tar", [...same(), "--owner=1000", "--group=1000", "-rf", file, "-C", folder, ...own]);
  return readFileSync(file);
}

function archive(folder, file) {
  run("tar", [...same(), "--owner=0", "--group=0", "-cf", file, "-C", folder, "oci-layout", "index.json", "blobs"]);
  return file;
}

function same() {
  return ["--sort=name", "--numeric-owner", "--format=gnu", `--mtime=@${process.env.SOURCE_DATE_EPOCH}`];
}
