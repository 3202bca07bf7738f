/**
 * Every Redis key name, in one place. An app's keys carry one of 16 hash tags, so that each script touches one
 * Cluster slot and one blocking reader can follow many apps. Ids of apps and accounts never hold a colon.
 */
export const TAGS = 16;

const tags = Array.from({ length: TAGS }, (_, i) => `{dgm${i}}`);

/** FNV-1a over the app id: spreads apps evenly and never changes. */
function tagOf(app: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < app.length; i++) hash = Math.imul(hash ^ app.charCodeAt(i), 0x01000193);
  return tags[(hash >>> 0) % TAGS] as string;
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
  /** `outstanding` and `lanes` of an app: quota and fairness. */
  counts: (app: string) => `${tagOf(app)}:counts:${app}`,
  /** A lane is named `<app>:<platform>:<hash>`. */
  lane: (app: string, lane: string) => `${tagOf(app)}:lane:${lane}`,
  laneFence: (app: string, lane: string) => `${tagOf(app)}:fence:${lane}`,
  /** By tag: lanes that hold work (score: when to look after them), scheduled and expiring activities, the fence counter. */
  lanes: (tag: string) => `${tag}:lanes`,
  due: (tag: string) => `${tag}:due`,
  deadlines: (tag: string) => `${tag}:deadlines`,
  fences: (tag: string) => `${tag}:fences`,
  /** By the id of an activity that was sent: its `sending` event, for what the network reports of it later. */
  trace: (app: string, id: string) => `${tagOf(app)}:trace:${app}:${id}`,
  /** Marks of what a network brought already. */
  seen: (app: string, platform: string, account: string) => `${tagOf(app)}:seen:${app}:${platform}:${account}`,
  accounts: (app: string) => `${tagOf(app)}:accounts:${app}`,
  account: (app: string, id: string) => `${tagOf(app)}:account:${app}:${id}`,
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
  ticket: (id: string) => `{dgm:t:${id}}:ticket`,
  ticketSession: (id: string) => `{dgm:t:${id}}:session`,
  /** BullMQ's prefix; its queues are named after platforms. */
  queues: "{dgmq}",
} as const;
