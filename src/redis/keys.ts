import { partitionOf } from "../model/hash.ts";

/**
 * Every Redis key name, in one place. An app's keys carry one of 16 hash tags, so that each script touches one
 * Cluster slot and one blocking reader can follow many apps. Ids of apps and accounts never hold a colon.
 */
export const TAGS = 16;

const tags = Array.from({ length: TAGS }, (_, i) => `{dgm${i}}`);

/** An app's tag never changes. */
function tagOf(app: string): string {
  return tags[partitionOf(app, TAGS)] as string;
}

export const keys = {
  tags: tags as readonly string[],
  tagOf,
  /** The app's event log (Redis Stream) and the epoch it was created with. */
  log: (app: string) => `${tagOf(app)}:log:${app}`,
  epoch: (app: string) => `${tagOf(app)}:epoch:${app}`,
  /** Stream through which a process wakes its own blocked reader. */
  wake: (tag: string, reader: string) => `${tag}:wake:${reader}`,
  /** Record of one rid: the idempotency key, status and result. */
  record: (app: string, rid: string) => `${tagOf(app)}:rid:${app}:${rid}`,
  /** Attachment contents of one rid, apart from jobs and events. */
  blobs: (app: string, rid: string) => `${tagOf(app)}:blobs:${app}:${rid}`,
  /** Rids of what ended undelivered after it was tried, by when. */
  deadLetters: (app: string) => `${tagOf(app)}:dead:${app}`,
  /** `outstanding` and `lanes` of an app: quota and fairness. */
  counts: (app: string) => `${tagOf(app)}:counts:${app}`,
  /** Named as in outbox/lane.ts. */
  lane: (app: string, lane: string) => `${tagOf(app)}:lane:${lane}`,
  laneFence: (app: string, lane: string) => `${tagOf(app)}:fence:${lane}`,
  /** By tag: lanes that hold work (score: when to look after them), scheduled and expiring activities, the fence counter. */
  lanes: (tag: string) => `${tag}:lanes`,
  due: (tag: string) => `${tag}:due`,
  deadlines: (tag: string) => `${tag}:deadlines`,
  fences: (tag: string) => `${tag}:fences`,
  /** What scripts over a whole tag put `<app>:<rid>`, a lane or an app behind to name its record, list or counts. */
  outboxPrefixes: (tag: string) => ({
    recordPrefix: `${tag}:rid:`,
    lanePrefix: `${tag}:lane:`,
    countsPrefix: `${tag}:counts:`,
  }),
  /** By the id of an activity that was sent: its `sending` event, for what the network reports of it later. */
  trace: (app: string, id: string) => `${tagOf(app)}:trace:${app}:${id}`,
  /** Ids of the newest activities that were sent into a conversation (score: when, Unix ms). */
  thread: (app: string, thread: string) => `${tagOf(app)}:thread:${app}:${thread}`,
  /** Marks of what a network brought already. */
  seen: (app: string, platform: string, account: string) => `${tagOf(app)}:seen:${app}:${platform}:${account}`,
  accounts: (app: string) => `${tagOf(app)}:accounts:${app}`,
  account: (app: string, id: string) => `${tagOf(app)}:account:${app}:${id}`,
  /** Held by the worker that renews the account's login. */
  renewal: (app: string, id: string) => `${tagOf(app)}:renewal:${app}:${id}`,
  /** By tag and shard: `<app>|<account>` of those that are to be connected. */
  wanted: (tag: string, shard: number) => `${tag}:wanted:${shard}`,
  /** What is kept of an account's connection, plain and sealed. */
  notes: (app: string, id: string) => `${tagOf(app)}:notes:${app}:${id}`,
  secretNotes: (app: string, id: string) => `${tagOf(app)}:secret-notes:${app}:${id}`,
  /** Outgoing webhooks: names of an app's, what is known of one, what it still has to deliver, and how often that was tried. */
  hooks: (app: string) => `${tagOf(app)}:hooks:${app}`,
  hook: (app: string, name: string) => `${tagOf(app)}:hook:${app}:${name}`,
  hookHeld: (app: string, name: string) => `${tagOf(app)}:hook-held:${app}:${name}`,
  hookTries: (app: string, name: string) => `${tagOf(app)}:hook-tries:${app}:${name}`,
  /** The newest deliveries, and tests that wait to be sent. */
  hookSent: (app: string, name: string) => `${tagOf(app)}:hook-sent:${app}:${name}`,
  hookTests: (app: string, name: string) => `${tagOf(app)}:hook-tests:${app}:${name}`,
  /** The fence of the worker that delivers it; gone when that died. */
  hookLease: (app: string, name: string) => `${tagOf(app)}:hook-lease:${app}:${name}`,
  /** By tag: `<app>|<name>` of every hook that is switched on. */
  hooked: (tag: string) => `${tag}:hooked`,
  revokedToken: (app: string, jti: string) => `${tagOf(app)}:revoked:${app}:jti:${jti}`,
  revokedSubject: (app: string, sub: string) => `${tagOf(app)}:revoked:${app}:sub:${sub}`,
  /** Not tied to an app's tag. */
  apps: "{dgm}:apps",
  appNames: "{dgm}:app-names",
  app: (id: string) => `{dgm}:app:${id}`,
  apiKey: (id: string) => `{dgm}:key:${id}`,
  /** Ids of the app's live keys: at most two. */
  appKeys: (app: string) => `{dgm}:app-keys:${app}`,
  keyring: "{dgm}:keyring",
  /** Where networks push to: the app's doors by `<platform>|<subject>`, and what is known of a door by its id. */
  webhookEndpoints: (app: string) => `{dgm}:doors:${app}`,
  door: (id: string) => `{dgm}:door:${id}`,
  /** Workers that may hold connections (score: last heard of), who has which shard, and the counter of fences. */
  holders: "{dgm}:holders",
  leases: "{dgm}:leases",
  leaseFences: "{dgm}:lease-fences",
  /** A user's consent under way: begun, handed to the workers, what came of it, and the proof that its browser holds. */
  consent: (id: string) => `{dgm:c:${id}}:begun`,
  consentHanded: (id: string) => `{dgm:c:${id}}:handed`,
  consentOutcome: (id: string) => `{dgm:c:${id}}:outcome`,
  consentProof: (hash: string) => `{dgm:c:${hash}}:proof`,
  ticket: (id: string) => `{dgm:t:${id}}:ticket`,
  ticketSession: (id: string) => `{dgm:t:${id}}:session`,
  /** By part of the topics that are polled: when each is due, what is known of one, who follows it. */
  pollsDue: (part: number) => `{dgmp${part}}:due`,
  topic: (part: number, id: string) => `{dgmp${part}}:topic:${id}`,
  followers: (part: number, id: string) => `{dgmp${part}}:followers:${id}`,
  /** Topics that an actor of an app follows. */
  topics: (app: string, platform: string, actor: string) => `${tagOf(app)}:topics:${app}:${platform}:${actor}`,
  /** BullMQ's prefix; its queues are named after platforms and shards. */
  queues: "{dgmq}",
} as const;
