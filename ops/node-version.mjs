// Says so in words when Node is too old; without syntax that an old Node can't read.
var version = process.versions.node.split(".").map(Number);
var fits = version[0] > 20 || (version[0] === 20 && version[1] >= 19);
if (!fits) {
  console.error(`Dragoman needs Node.js 20.19 or newer; this is ${process.versions.node}. See https://nodejs.org`);
  process.exit(1);
}
