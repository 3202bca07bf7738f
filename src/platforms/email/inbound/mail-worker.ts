import { parentPort } from "node:worker_threads";
import { readBounce } from "./bounce.ts";
import { parseMail } from "./mail-parse.ts";
import type { MailTask, ReportTask } from "./mail-task.ts";

// The thread that parses strangers' mail: the cost stays in this thread. A mail that can't be parsed ends the thread.
parentPort?.on("message", (task: MailTask | ReportTask) => {
  if ("report" in task) parentPort?.postMessage(readBounce(Buffer.from(task.report)));
  else parseMail(task).then((mail) => parentPort?.postMessage(mail));
});
parentPort?.postMessage("ready");
