import { partitionOf } from "../model/hash.ts";

/**
 * Every Redis key name, in one place. An app's keys carry one of 16 hash tags, so that each script touches one
 * Cluster slot and one blocking reader can follow many apps. Ids of apps and accounts never hold a colon.
 */
export const TAGS = 16;

const tags = Array.from({ length: TAGS }, (_, i) => `{dgm${i}}`);

const MAX_KNOWN_TAGS = 10_000;
const knownTags = new Map<string, string>();

/** Returns an app's tag, which never changes. A call makes a dozen keys of one app, so its tag is kept. */
function tagOf(app: string): string {
  const known = knownTags.get(app);
  if (known !== undefined) return known;
  const tag = tags[partitionOf(app, TAGS)] as string;
  if (knownTags.size >= MAX_KNOWN_TAGS) knownTags.clear();
  knownTags.set(app, tag);
  return tag;
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
  /** Rids of the app's dead letters (score: time, Unix ms). */
  deadLetters: (app: string) => `${tagOf(app)}:dead:${app}`,
  /** Rids of the app's accepted activities (score: time of acceptance, Unix ms). */
  history: (app: string) => `${tagOf(app)}:history:${app}`,
  /** `outstanding`, `lanes`, `bytes` and `pendingBytes` (of webhooks), and `subscriptions` of an app: quota and fairness. */
  counts: (app: string) => `${tagOf(app)}:counts:${app}`,
  /** Bytes counted until they expire (score: Unix ms), as `<name>|<bytes>`; kept attachments by rid. */
  keptBytes: (app: string) => `${tagOf(app)}:kept-bytes:${app}`,
  /** Rids in a lane, in order; the name of a lane is made in model/lane.ts. */
  lane: (app: string, lane: string) => `${tagOf(app)}:lane:${lane}`,
  laneFence: (app: string, lane: string) => `${tagOf(app)}:fence:${lane}`,
  /** By tag: lanes with work (score: next look), scheduled activities, deadlines, fence counter. */
  lanes: (tag: string) => `${tag}:lanes`,
  due: (tag: string) => `${tag}:due`,
  deadlines: (tag: string) => `${tag}:deadlines`,
  fences: (tag: string) => `${tag}:fences`,
  /** By `<app>|<rid>` of an ended activity: the request for notifications (DSN) of its mail's sender. */
  dsns: (tag: string) => `${tag}:dsns`,
  /** Lanes whose head waits for another try (score: when, Unix ms). */
  retries: (tag: string) => `${tag}:retries`,
  /** By drain shard: ready lanes (score: priority and time), claimed lanes, the drainer's token. */
  ready: (tag: string, drain: string) => `${tag}:ready:${drain}`,
  busy: (tag: string, drain: string) => `${tag}:busy:${drain}`,
  drainer: (tag: string, drain: string) => `${tag}:drainer:${drain}`,
  /** Prefixes of key names, for scripts over a whole tag. A record's name ends in `<app>:<rid>`. */
  outboxPrefixes: (tag: string) => ({
    fencePrefix: `${tag}:fence:`,
    recordPrefix: `${tag}:rid:`,
    lanePrefix: `${tag}:lane:`,
    countsPrefix: `${tag}:counts:`,
    readyPrefix: `${tag}:ready:`,
    busyPrefix: `${tag}:busy:`,
    drainerPrefix: `${tag}:drainer:`,
  }),
  /** The `sending` event of a sent activity, for later delivery receipts. */
  receipt: (app: string, id: string) => `${tagOf(app)}:trace:${app}:${id}`,
  /** Ids of the newest activities that were sent into a conversation (score: when, Unix ms). */
  conversation: (app: string, thread: string) => `${tagOf(app)}:thread:${app}:${thread}`,
  /** Marks of inbound events that were recorded already. */
  seen: (app: string, platform: string, account: string) => `${tagOf(app)}:seen:${app}:${platform}:${account}`,
  accounts: (app: string) => `${tagOf(app)}:accounts:${app}`,
  account: (app: string, id: string) => `${tagOf(app)}:account:${app}:${id}`,
  /** Lock of the worker that refreshes the account's credentials. */
  refreshLock: (app: string, id: string) => `${tagOf(app)}:renewal:${app}:${id}`,
  /** By tag and shard: `<app>|<account>` of accounts that should be connected. */
  desiredOnline: (tag: string, shard: number) => `${tag}:wanted:${shard}`,
  /** Persisted state of an account's connection, plain and sealed. */
  connectionState: (app: string, id: string) => `${tagOf(app)}:notes:${app}:${id}`,
  sealedState: (app: string, id: string) => `${tagOf(app)}:secret-notes:${app}:${id}`,
  /** Suppressed addresses of an app by id, their order, and the order of automatic ones. */
  suppressions: (app: string) => `${tagOf(app)}:suppressions:${app}`,
  suppressionOrder: (app: string) => `${tagOf(app)}:suppression-order:${app}`,
  automaticSuppressions: (app: string) => `${tagOf(app)}:suppression-auto:${app}`,
  /** Outgoing webhooks of an app: names, and by name settings, backlog and attempts. */
  hooks: (app: string) => `${tagOf(app)}:hooks:${app}`,
  hook: (app: string, name: string) => `${tagOf(app)}:hook:${app}:${name}`,
  hookBacklog: (app: string, name: string) => `${tagOf(app)}:hook-held:${app}:${name}`,
  hookAttempts: (app: string, name: string) => `${tagOf(app)}:hook-tries:${app}:${name}`,
  /** The newest deliveries of a webhook, and tests that wait to be sent. */
  hookDeliveries: (app: string, name: string) => `${tagOf(app)}:hook-sent:${app}:${name}`,
  hookTests: (app: string, name: string) => `${tagOf(app)}:hook-tests:${app}:${name}`,
  /** Fence of the worker that delivers a webhook; expires when that worker died. */
  hookLease: (app: string, name: string) => `${tagOf(app)}:hook-lease:${app}:${name}`,
  /** By tag: `<app>|<name>` of every active webhook. */
  activeHooks: (tag: string) => `${tag}:hooked`,
  revokedToken: (app: string, jti: string) => `${tagOf(app)}:revoked:${app}:jti:${jti}`,
  /** Number of an app's revocations in one hour. */
  revocationCount: (app: string, hour: number) => `${tagOf(app)}:revocations:${app}:${hour}`,
  revokedSubject: (app: string, sub: string) => `${tagOf(app)}:revoked:${app}:sub:${sub}`,
  /** Not tied to an app's tag. */
  apps: "{dgm}:apps",
  appNames: "{dgm}:app-names",
  app: (id: string) => `{dgm}:app:${id}`,
  apiKey: (id: string) => `{dgm}:key:${id}`,
  /** Ids of the app's live keys: at most two. */
  appKeys: (app: string) => `{dgm}:app-keys:${app}`,
  keyring: "{dgm}:keyring",
  /** Inbound webhook endpoints: the app's by `<platform>|<subject>`, and an endpoint's fields by id. */
  webhookEndpoints: (app: string) => `{dgm}:doors:${app}`,
  webhookEndpoint: (id: string) => `{dgm}:door:${id}`,
  /** Workers that may own shards (score: last sign of life), leases, and the fence counter. */
  shardOwners: "{dgm}:holders",
  shardLeases: "{dgm}:leases",
  shardFences: "{dgm}:lease-fences",
  /** A user's consent: begun, handed to the workers, outcome, and the browser's proof. */
  consent: (id: string) => `{dgm:c:${id}}:begun`,
  consentHanded: (id: string) => `{dgm:c:${id}}:handed`,
  consentOutcome: (id: string) => `{dgm:c:${id}}:outcome`,
  consentProof: (hash: string) => `{dgm:c:${hash}}:proof`,
  ticket: (id: string) => `{dgm:t:${id}}:ticket`,
  /** Bytes of a key's tickets in one minute. */
  ticketBytes: (keyId: string, minute: number) => `{dgm:t:${keyId}}:bytes:${minute}`,
  ticketSession: (id: string) => `{dgm:t:${id}}:session`,
  /** Sign-in links and sessions of the console by their secret's hash. The audit log is a stream. */
  consoleLink: (hash: string) => `{dgm:w:${hash}}:link`,
  consoleSession: (hash: string) => `{dgm:w:${hash}}:session`,
  consoleAudit: "{dgm}:console-audit",
  /** Admin tokens by id. */
  adminTokens: "{dgm}:admin-tokens",
  /** By part of the polled topics: due times, and a topic's fields and subscribers. */
  pollsDue: (part: number) => `{dgmp${part}}:due`,
  topic: (part: number, id: string) => `{dgmp${part}}:topic:${id}`,
  topicSubscribers: (part: number, id: string) => `{dgmp${part}}:followers:${id}`,
  /** Topics to which an actor of an app subscribes. */
  subscribedTopics: (app: string, platform: string, actor: string) =>
    `${tagOf(app)}:topics:${app}:${platform}:${actor}`,
  /** BullMQ's prefix; its queues are named after platforms and shards. */
  queues: "{dgmq}",
} as const;
