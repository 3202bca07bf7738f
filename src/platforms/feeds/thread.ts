import { parentPort } from "node:worker_threads";
import type { Task } from "./feed.ts";
import { read } from "./read.ts";

// The thread in which documents of strangers are parsed: what they cost, they cost here.
parentPort?.on("message", (task: Task) => parentPort?.postMessage(read(task)));
parentPort?.postMessage("ready");
