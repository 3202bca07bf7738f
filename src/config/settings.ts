import { consoleSettings } from "./console-settings.ts";
import {
  autoOr,
  basePath,
  flag,
  headerName,
  integer,
  list,
  networks,
  offOr,
  oneOf,
  origins,
  path,
  port,
  relayUrl,
  type Setting,
  text,
  trustProxy,
  url,
} from "./setting-types.ts";
import { submissionSettings } from "./submission-settings.ts";
import { tracingSettings } from "./tracing-settings.ts";

export { ConfigError } from "./setting-types.ts";

/** Every setting: the environment variable, its default, and what it is for. `dragoman config` prints this table. */
export const settings = {
  host: { env: "HOST", fallback: "127.0.0.1", about: "Address to listen on; unix:/path for a socket.", read: text },
  port: { env: "PORT", fallback: "8000", about: "Port to listen on; 0 picks a free one.", read: port },
  basePath: {
    env: "BASE_PATH",
    fallback: "/gateway",
    about: "Prefix of every path; proxies must keep it.",
    read: basePath,
  },
  publicUrl: {
    env: "PUBLIC_URL",
    fallback: "",
    about: "Public address of the gateway, e.g. https://example.org.",
    read: url("http", "https"),
  },
  trustProxy: {
    env: "TRUST_PROXY",
    fallback: "loopback",
    about: "Proxies whose forwarding headers are trusted: number of hops or list of addresses.",
    read: trustProxy,
  },
  clientAddressHeader: {
    env: "CLIENT_ADDRESS_HEADER",
    fallback: "X-Forwarded-For",
    about:
      "Header by which trusted proxies name the client: X-Forwarded-For, Forwarded, or one such as CF-Connecting-IP.",
    read: headerName,
  },
  allowedOrigins: {
    env: "ALLOWED_ORIGINS",
    fallback: "",
    about: "Origins whose pages may use the gateway; the same origin is always allowed.",
    read: origins,
  },
  adminListen: {
    env: "ADMIN_LISTEN",
    fallback: "",
    about:
      "host:port or unix:/path of a listener for /metrics; default: direct loopback peers only, none with PUBLIC_URL.",
    read: text,
  },
  role: {
    env: "ROLE",
    fallback: "all",
    about: "all (API and a worker), api or worker.",
    read: oneOf("all", "api", "worker"),
  },
  platforms: {
    env: "PLATFORMS",
    fallback: "",
    about: "Comma-separated list of platforms; default: all but dummy. +dummy adds to the default.",
    read: list,
  },
  smtpUrl: {
    env: "SMTP_URL",
    fallback: "",
    about: "Relay for mail of actors without an account, e.g. smtp://user:pass@mail.example.org:587.",
    read: relayUrl,
  },
  ...submissionSettings,
  ...consoleSettings,
  sandbox: {
    env: "SANDBOX",
    fallback: "auto",
    about: "Built-in sandbox mailbox without SMTP_URL: auto (not in production), on, off.",
    read: oneOf("auto", "on", "off"),
  },
  redisUrl: {
    env: "REDIS_URL",
    fallback: "",
    about:
      "redis:// rediss:// unix:// redis+sentinel://h:p,h:p/name redis+cluster://h:p,h:p; none: a private server is started.",
    read: url("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"),
  },
  redisServer: {
    env: "REDIS_SERVER",
    fallback: "",
    about: "Program redis-server or valkey-server to start without REDIS_URL.",
    read: text,
  },
  redisFetch: {
    env: "REDIS_FETCH",
    fallback: "true",
    about: "Whether the distribution's signed Redis packages may be fetched into the cache folder.",
    read: flag,
  },
  redisReplicas: {
    env: "REDIS_REPLICAS",
    fallback: "auto",
    about: "Replicas that must confirm a write before the 202: auto (one if any exist) or a number.",
    read: autoOr(integer(0, 5)),
  },
  cacheDir: {
    env: "CACHE_DIR",
    fallback: "",
    about: "Folder of fetched programs; default $XDG_CACHE_HOME/dragoman.",
    read: text,
  },
  dataDir: {
    env: "DATA_DIR",
    fallback: "./data",
    about: "Folder of the keys, the first app's key and the private Redis.",
    read: path,
  },
  masterKeyFile: {
    env: "MASTER_KEY_FILE",
    fallback: "",
    about: "Key file; default DATA_DIR/master.key, created on the first run.",
    read: text,
  },
  allowPrivate: {
    env: "ALLOW_PRIVATE",
    fallback: "",
    about: "CIDR list of private networks that apps' addresses may reach.",
    read: networks,
  },
  mailDomain: {
    env: "MAIL_DOMAIN",
    fallback: "",
    about: "Domain of generated Message-IDs; default: the sender's.",
    read: text,
  },
  xApiUrl: {
    env: "X_API_URL",
    fallback: "https://api.x.com",
    about: "Address of the API of X (Twitter); other addresses are for simulators and tests.",
    read: url("http", "https"),
  },
  facebookApiUrl: {
    env: "FACEBOOK_API_URL",
    fallback: "https://graph.facebook.com/v26.0",
    about: "Address of Facebook's Graph API with its version; other addresses are for later versions and tests.",
    read: url("http", "https"),
  },
  telegramApiUrl: {
    env: "TELEGRAM_API_URL",
    fallback: "https://api.telegram.org",
    about: "Address of Telegram's Bot API; other addresses are for a local Bot API server and tests.",
    read: url("http", "https"),
  },
  logLevel: {
    env: "LOG_LEVEL",
    fallback: "info",
    about: "debug, info, warn, error or silent.",
    read: oneOf("debug", "info", "warn", "error", "silent"),
  },
  ...tracingSettings,
  heartbeatSeconds: {
    env: "HEARTBEAT_SECONDS",
    fallback: "15",
    about: "Interval of comments on idle streams; must be below the proxies' idle time-outs.",
    read: integer(1, 55),
  },
  streamAgeSeconds: {
    env: "STREAM_AGE_SECONDS",
    fallback: "1800",
    about: "Lifetime of a stream, give or take 20 %; clients then reconnect.",
    read: integer(2, 86_400),
  },
  graceSeconds: {
    env: "GRACE_SECONDS",
    fallback: "5",
    about: "Time after SIGTERM in which /readyz is 503 but requests are served, so that proxies switch to other nodes.",
    read: integer(0, 20),
  },
  drainSeconds: {
    env: "DRAIN_SECONDS",
    fallback: "25",
    about: "Time after the grace to end streams and work; at most 27 together with the grace.",
    read: integer(0, 28),
  },
  eventsKept: {
    env: "EVENTS_KEPT",
    fallback: "100000",
    about: "Maximum number of events kept per app for resuming.",
    read: integer(10, 10_000_000),
  },
  eventsHours: {
    env: "EVENTS_HOURS",
    fallback: "24",
    about: "Hours that events are kept for resuming.",
    read: integer(1, 8_760),
  },
  retentionHours: {
    env: "RETENTION_HOURS",
    fallback: "24",
    about: "Hours that a finished rid is remembered.",
    read: integer(1, 8_760),
  },
  history: {
    env: "HISTORY",
    fallback: "100000",
    about: "Maximum number of activities per app that GET /activities lists; off: none.",
    read: offOr(integer(100, 10_000_000)),
  },
  suppressions: {
    env: "SUPPRESSIONS",
    fallback: "true",
    about: "Whether addresses that bounced for good or complained are refused from then on.",
    read: flag,
  },
  quota: {
    env: "QUOTA",
    fallback: "10000",
    about: "Maximum number of unfinished activities of an app.",
    read: integer(1, 10_000_000),
  },
  rate: {
    env: "RATE",
    fallback: "5000",
    about: "Activities per second that an app may post to one API process.",
    read: integer(1, 1_000_000),
  },
  streamsPerApp: {
    env: "STREAMS_PER_APP",
    fallback: "10000",
    about: "Open streams of an app per API process.",
    read: integer(1, 1_000_000),
  },
  concurrency: {
    env: "CONCURRENCY",
    fallback: "100",
    about: "Conversations (lanes) processed at once per platform and worker process.",
    read: integer(1, 1_000),
  },
  dummyLedger: {
    env: "DUMMY_LEDGER",
    fallback: "",
    about: "For tests: file to which the dummy platform appends a line per call.",
    read: text,
  },
  socketEcho: {
    env: "SOCKET_ECHO",
    fallback: "false",
    about: "For tests: a loopback-only WebSocket echo at /socket/echo.",
    read: flag,
  },
  production: {
    env: "NODE_ENV",
    fallback: "",
    about: "production switches the sandbox mailbox off.",
    read: (value: string) => value === "production",
  },
} as const satisfies Record<string, Setting<unknown>>;

export type Config = { readonly [Name in keyof typeof settings]: ReturnType<(typeof settings)[Name]["read"]> };

/** Reads every setting from the environment; throws `ConfigError` with the invalid setting's name. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const entries = Object.entries(settings).map(([name, setting]: [string, Setting<unknown>]) => [
    name,
    setting.read(env[setting.env] ?? setting.fallback, setting.env),
  ]);
  return Object.fromEntries(entries) as Config;
}

/** The settings that the environment gives, by variable, as they are written there. */
export function givenSettings(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.values(settings).map((setting) => [setting.env, env[setting.env]]));
}
