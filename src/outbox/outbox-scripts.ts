import { luaScript, oneOf } from "../redis/script-loader.ts";

/**
 * The outbox's Lua scripts. Each declares every key that it touches, and all lie in the same Cluster slot. Times are Redis'
 * own, so that clocks of workers don't matter.
 *
 * Fields of a record (their names on disk are older than the code's): `fp` fingerprint, `id`, `rid` as sent (JSON),
 * `body` the activity, `lane`, `status`, `accepted`, `due`, `expires`, `committed` the fence of the commit, `attempts`,
 * `takes` claims since the last orderly end, `deaths` crashes, `retry` time of the next attempt, `decided` outcomes by
 * target, `error` of the last deferral, `extended` ms added to its lifetime, `bytes` and `blobBytes` of body and attachments, `result` the final event, `replay` the confirm of a replay.
 */
export type Cells = ReadonlyArray<string | number>;

const cells = (raw: unknown): Cells => raw as Cells;
const file = (name: string): URL => new URL(`./scripts/${name}.lua`, import.meta.url);

export const OUTBOX_SCRIPTS = {
  accept: luaScript(file("accept"), {
    keys: ["record", "lane", "lanes", "due", "deadlines", "counts", "blobs", "account", "keptBytes"],
    args: [
      "fingerprint",
      "id",
      "ridAsSent",
      "body",
      "laneId",
      "dueAt",
      "lifetimeMs",
      "quota",
      "maxBytes",
      "needsAccount",
      "member",
      "rid",
      "attachments...",
    ],
    reply: cells,
  }),
  claim: luaScript(file("claim"), {
    keys: ["lane", "laneFence", "lanes", "counts", "fences", "recordPrefix"],
    args: ["laneId", "leaseMs"],
    reply: cells,
  }),
  commit: luaScript(file("commit"), {
    keys: ["record", "laneFence", "log", "epoch", "receipt", "conversations..."],
    args: ["fence", "nextEpoch", "eventsKept", "event", "receiptSeconds", "id", "maxConversation"],
    reply: oneOf("committed", "lost", "over"),
  }),
  complete: luaScript(file("complete"), {
    keys: [
      "record",
      "lane",
      "laneFence",
      "lanes",
      "deadlines",
      "counts",
      "blobs",
      "keptBytes",
      "log",
      "epoch",
      "recordPrefix",
      "deadLetters",
      "receipt",
    ],
    args: [
      "fence",
      "rid",
      "member",
      "laneId",
      "leaseMs",
      "status",
      "event",
      "attempts",
      "nextEpoch",
      "eventsKept",
      "retentionSeconds",
      "isDeadLetter",
      "deadLetterSeconds",
      "maxDeadLetters",
      "endedReceipt",
    ],
    reply: cells,
  }),
  defer: luaScript(file("defer"), {
    keys: ["record", "laneFence", "lanes", "deadlines", "log", "epoch", "receipt"],
    args: [
      "fence",
      "member",
      "laneId",
      "retryAt",
      "extendMs",
      "attempts",
      "outcomes",
      "nextEpoch",
      "eventsKept",
      "event",
      "reason",
      "inDoubt",
    ],
    reply: oneOf("deferred", "lost"),
  }),
  finalize: luaScript(file("finalize"), {
    keys: [
      "record",
      "lane",
      "laneFence",
      "lanes",
      "due",
      "deadlines",
      "counts",
      "blobs",
      "keptBytes",
      "log",
      "epoch",
      "recordPrefix",
      "deadLetters",
    ],
    args: [
      "rid",
      "member",
      "laneId",
      "status",
      "event",
      "mayBeCommitted",
      "nextEpoch",
      "eventsKept",
      "retentionSeconds",
      "isDeadLetter",
      "deadLetterSeconds",
      "maxDeadLetters",
    ],
    reply: cells,
  }),
  forgetMissing: luaScript(file("forget-missing"), { keys: ["record", "due", "deadlines"], args: ["member"] }),
  sweep: luaScript(file("sweep"), {
    keys: ["lanes", "due", "deadlines"],
    args: ["recordPrefix", "lanePrefix", "countsPrefix", "patienceMs", "batch"],
    reply: (raw) => raw as readonly [lanes: readonly string[], late: readonly string[], outstanding: number],
  }),
} as const;
