// Thread of a worker pool that answers each task with it, but never answers "hang".
import { parentPort } from "node:worker_threads";

parentPort?.on("message", (task: string) => {
  if (task !== "hang") parentPort?.postMessage(task);
});
parentPort?.postMessage("ready");
