// `npm start`: installs and builds missing parts, then serves in this process. npm signals only the shell that it
// starts, so package.json says `exec`.
import "./node-version.mjs";

const { installPackages, root } = await import("./install.mjs");
installPackages({ dev: false });
const { build } = await import("./build.mjs");
await build();
process.argv.splice(1, 1, `${root}/bin/dragoman.mjs`, "serve");
await import("../bin/dragoman.mjs");
