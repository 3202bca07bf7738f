import type { Duplex } from "node:stream";
import type { Config } from "../../src/config/settings.ts";
import { type Caller, tokenShareOf, tokenUserOf } from "../../src/model/caller.ts";
import type { Metrics } from "../../src/process/metrics.ts";
import { Problem } from "../http/problem.ts";

/** Why we end a stream; the listener is told. */
export type EndReason = "drain" | "age" | "expired" | "revoked" | "limit" | "unavailable";
export type Transport = "sse" | "socket" | "poll";

/** Open stream as the registry controls it. */
export interface OpenStream {
  /** Called twice a second with the time: heartbeats, age, expiry, slow readers. */
  readonly tick: (now: number) => void;
  readonly end: (reason: EndReason) => void;
}

/** Slot of a stream within its app's limit. */
export interface StreamSlot {
  readonly open: (stream: OpenStream) => void;
  /** May be called more than once; the first call counts. */
  readonly release: (why?: EndReason | "client" | "slow") => void;
}

/** The connection that a slot depends on. */
export type ClosableSocket = Pick<Duplex, "destroyed" | "once" | "off">;

/** The caller whose app, and whose token's user, a stream counts for. */
export type StreamCaller = Pick<Caller, "app" | "via" | "subject" | "jti">;

/** All open streams of this process. One timer, the limit per app, and their end at shutdown. */
export interface StreamRegistry {
  /**
   * Takes a slot that is released when the socket closes, also if it closed before. Throws `Problem`: `rate-limited`
   * beyond the limit of the app, or of a token's user; `shutting-down` while draining.
   */
  readonly acquire: (caller: StreamCaller, transport: Transport, socket: ClosableSocket) => StreamSlot;
  readonly count: () => number;
  /** Counts frames for the metrics. */
  readonly sent: (transport: Transport, frames: number) => void;
  /** Refuses new streams and ends open ones in random order within `mostMs` (default `drainSeconds`). */
  readonly drain: (mostMs?: number) => Promise<void>;
  readonly stop: () => void;
}

export interface StreamRegistryDeps {
  readonly config: Pick<Config, "streamsPerApp" | "drainSeconds">;
  readonly metrics?: Pick<Metrics, "streams" | "streamsClosed" | "eventsSent">;
}

const TICK_MS = 500;
const DRAIN_STEP_MS = 50;

/** Makes the one set of a process; `stop` ends its timer. */
export function streamRegistry({ config, metrics }: StreamRegistryDeps): StreamRegistry {
  const streams = new Counts();
  const maxPerTokenUser = tokenShareOf(config.streamsPerApp);
  const open = new Set<OpenStream>();
  let draining = false;
  const timer = setInterval(() => {
    const now = Date.now();
    for (const stream of open) stream.tick(now);
  }, TICK_MS).unref();

  function openSlot(caller: StreamCaller, transport: Transport, socket: ClosableSocket): StreamSlot {
    if (draining) throw new Problem("shutting-down", "Try again in a moment.", { retryAfter: 2 });
    const { app } = caller;
    const tokenUser = tokenUserOf(caller);
    const names = tokenUser === undefined ? [app] : [app, `${app} ${tokenUser}`];
    if (tokenUser !== undefined && streams.of(`${app} ${tokenUser}`) >= maxPerTokenUser) {
      throw new Problem("rate-limited", "The token's user has reached the limit of open streams.", { retryAfter: 15 });
    }
    if (streams.of(app) >= config.streamsPerApp) {
      throw new Problem("rate-limited", "The app has reached its limit of open streams.", { retryAfter: 15 });
    }
    for (const name of names) streams.add(name, 1);
    metrics?.streams.inc({ transport });
    let stream: OpenStream | undefined;
    let left = false;
    const onClose = () => leave();
    const leave: StreamSlot["release"] = (why = "client") => {
      if (left) return;
      left = true;
      socket.off("close", onClose);
      if (stream) open.delete(stream);
      for (const name of names) streams.add(name, -1);
      metrics?.streams.dec({ transport });
      metrics?.streamsClosed.inc({ transport, reason: why });
    };
    // The client may have left while it was being authenticated: then no "close" follows any more.
    if (socket.destroyed) leave();
    else socket.once("close", onClose);
    return {
      open: (opened) => {
        if (left) return;
        stream = opened;
        open.add(opened);
        if (draining) opened.end("drain");
      },
      release: leave,
    };
  }
  async function drain(mostMs = config.drainSeconds * 1_000): Promise<void> {
    draining = true;
    const leaving = shuffled([...open]);
    const steps = Math.min((mostMs * 0.6) / DRAIN_STEP_MS, leaving.length / 10);
    const share = Math.max(1, Math.ceil(leaving.length / Math.max(1, steps)));
    while (leaving.length > 0) {
      for (const stream of leaving.splice(0, share)) stream.end("drain");
      if (leaving.length > 0) await new Promise((resolve) => setTimeout(resolve, DRAIN_STEP_MS));
    }
  }
  return {
    acquire: openSlot,
    count: () => open.size,
    sent: (transport, frames) => metrics?.eventsSent.inc({ transport }, frames),
    drain,
    stop: () => clearInterval(timer),
  };
}

/** Numbers by name; a name without a number is not kept. */
class Counts {
  readonly #counts = new Map<string, number>();

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  add(name: string, change: 1 | -1): void {
    const count = this.of(name) + change;
    if (count > 0) this.#counts.set(name, count);
    else this.#counts.delete(name);
  }
}

function shuffled<T>(items: T[]): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}
