import { parentPort } from "node:worker_threads";
import type { Job, JobResult } from "./document/jobs.ts";
import { findNewEntries } from "./document/new-entries.ts";
import { readOpml } from "./document/opml.ts";
import { readDocument } from "./document/read.ts";

function runJob(job: Job): JobResult {
  if ("read" in job) return readDocument(job.read);
  return "newEntries" in job ? findNewEntries(job.newEntries) : readOpml(job.opml);
}

// Strangers' documents are parsed in this thread: their cost stays here.
parentPort?.on("message", (job: Job) => parentPort?.postMessage(runJob(job)));
parentPort?.postMessage("ready");
