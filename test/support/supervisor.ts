// Parent that supervises the simulated worker and prints its process id, for a test that kills the parent.
import { fileURLToPath } from "node:url";
import { silentLog } from "../../src/model/log.ts";
import { superviseWorker } from "../../src/process/supervisor.ts";

const entry = fileURLToPath(new URL("./supervised-worker.ts", import.meta.url));
const worker = superviseWorker({ entry, args: [], env: process.env, log: silentLog });
await worker.whenReady();
console.log(worker.pid());
