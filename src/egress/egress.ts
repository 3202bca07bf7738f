import type { Egress } from "../platform/platform.ts";
import { addressCheck, insideCheck } from "./address-rules.ts";
import { dialer } from "./dial.ts";
import type { Resolve } from "./dns/resolve.ts";
import type { EgressFetch } from "./fetch.ts";

export interface EgressSettings {
  /** CIDR list of private networks that users may name (setting ALLOW_PRIVATE). */
  readonly allowPrivate: readonly string[];
  /** Allows those networks and nothing else, not even public addresses. */
  readonly insideOnly?: boolean;
  /** Replaces name resolution, for tests. */
  readonly resolve?: Resolve;
  /** PEM of a further authority for https, for tests and intranets. */
  readonly ca?: string;
}

/** Egress guard of one process. Used as it is, all apps share one share of its resources. */
export interface EgressGuard extends Egress {
  /** Returns the guard for an app. No app can use up the connections and shares of another. */
  readonly forApp: (app: string) => Egress;
  /** Ends idle connections. */
  readonly close: () => Promise<void>;
}

/** Idle time after which an app's HTTP connections are given up. */
const IDLE_MS = 60_000;

/**
 * Creates the egress guard, the only way to addresses that users name.
 * No request of theirs reaches an internal service (promise of docs/security). Takes no proxy from the environment.
 */
export function egress(settings: EgressSettings): EgressGuard {
  const check = settings.insideOnly ? insideCheck : addressCheck;
  const dial = dialer(check(settings.allowPrivate), settings.resolve);
  const clients = new HttpClients(async () => {
    // Late: a gateway of chats and mail alone needs no HTTP client.
    const { egressFetch } = await import("./fetch.ts");
    return (app) => egressFetch((host, port, options) => dial(host, port, { ...options, app }), settings.ca);
  });
  const forApp = (app: string): Egress => ({
    fetch: (url, init) => clients.use(app, ({ fetch }) => fetch(url, init)),
    connect: (host, port, options) => dial(host, port, { ...options, app }),
  });
  return { ...forApp(""), forApp, close: () => clients.close() };
}

/** Egress that may have a share for each app. A test's stand-in has none. */
export type EgressShares = Egress & Partial<Pick<EgressGuard, "forApp">>;

/** Returns the guard for an app; returns a test's stand-in unchanged. */
export function egressFor(egress: EgressShares, app: string): Egress {
  return egress.forApp?.(app) ?? egress;
}

interface HttpClient extends EgressFetch {
  users: number;
  usedAt: number;
}

/** HTTP clients by app, given up when idle. */
class HttpClients {
  readonly #load: () => Promise<(app: string) => EgressFetch>;
  readonly #clients = new Map<string, HttpClient>();
  readonly #timer: NodeJS.Timeout;

  constructor(load: () => Promise<(app: string) => EgressFetch>) {
    this.#load = load;
    this.#timer = setInterval(() => this.#sweep(Date.now() - IDLE_MS), IDLE_MS / 4);
    this.#timer.unref();
  }

  async use<T>(app: string, request: (client: EgressFetch) => Promise<T>): Promise<T> {
    const create = await this.#load();
    const client = this.#clients.get(app) ?? { ...create(app), users: 0, usedAt: 0 };
    this.#clients.set(app, client);
    client.users += 1;
    try {
      return await request(client);
    } finally {
      client.users -= 1;
      client.usedAt = Date.now();
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#clients.values()].map((client) => client.close()));
  }

  #sweep(usedBefore: number): void {
    for (const [app, client] of this.#clients) {
      if (client.users > 0 || client.usedAt >= usedBefore) continue;
      this.#clients.delete(app);
      void client.close();
    }
  }
}
