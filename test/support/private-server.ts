// Process that runs only the private server, for tests that kill it. Prints its state as one JSON line.
import { readSurroundings } from "../../src/config/surroundings.ts";
import { silentLog } from "../../src/model/log.ts";
import { privateServer } from "../../src/redis/private-server.ts";

const [dataDir = "", cacheDir = ""] = process.argv.slice(2);
const server = await privateServer({
  dataDir,
  cacheDir,
  server: "",
  mayFetch: false,
  surroundings: readSurroundings(),
  log: silentLog,
});
process.on("SIGTERM", () => {
  server.stop().then(() => process.exit(0));
});
console.log(JSON.stringify({ url: server.url, owned: server.owned(), pid: server.pid() }));
