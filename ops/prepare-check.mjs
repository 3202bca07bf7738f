// Brings the packages that the checks need.
import "./node-version.mjs";

const { installPackages } = await import("./install.mjs");
installPackages({ dev: true });
