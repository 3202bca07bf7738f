// Keeps the processors busy, one thread for each, so that tests show that none of them depends on an idle machine. Ends with
// the process that forked it, or after MAX_MS.
import { availableParallelism } from "node:os";
import { isMainThread, Worker } from "node:worker_threads";

const MAX_MS = 30 * 60_000;

if (isMainThread) {
  process.on("disconnect", () => process.exit());
  setTimeout(() => process.exit(), MAX_MS);
  for (let count = 0; count < availableParallelism(); count++) new Worker(new URL(import.meta.url));
} else {
  for (let sum = 0; ; sum++) Math.sqrt(sum);
}
