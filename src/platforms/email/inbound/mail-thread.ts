import { parentPort } from "node:worker_threads";
import { parseMail } from "./mail-parse.ts";
import type { MailTask } from "./mail-schema.ts";

// The thread in which mail of strangers is parsed: what it costs, it costs here. What can't be parsed ends it.
parentPort?.on("message", (task: MailTask) => {
  parseMail(task).then((mail) => parentPort?.postMessage(mail));
});
parentPort?.postMessage("ready");
