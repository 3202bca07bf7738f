import { parentPort } from "node:worker_threads";
import { news } from "../inbound/new-entries.ts";
import type { Answer, Job } from "./document/feed.ts";
import { outlines } from "./document/opml.ts";
import { read } from "./read.ts";

function answer(job: Job): Answer {
  if ("read" in job) return read(job.read);
  return "news" in job ? news(job.news) : outlines(job.opml);
}

// The thread in which documents of strangers are parsed: what they cost, they cost here.
parentPort?.on("message", (job: Job) => parentPort?.postMessage(answer(job)));
parentPort?.postMessage("ready");
