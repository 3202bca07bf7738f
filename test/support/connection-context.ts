import { EventEmitter, once } from "node:events";
import type { Failure } from "../../src/model/failure.ts";
import { silentLog } from "../../src/model/log.ts";
import type { Complaint, ConnectionContext, ConnectionState, DeliveryReceipt } from "../../src/platform/connection.ts";
import type { InboundEvent } from "../../src/platform/platform.ts";
import { loopbackEgress } from "./loopback-egress.ts";
import { watchEvent } from "./vocabulary-watch.ts";

/** In-memory context for `Platform.connect`, with a record of the platform's calls. */
export interface TestConnectionContext extends ConnectionContext<unknown> {
  readonly arrivals: InboundEvent[];
  readonly reports: DeliveryReceipt[];
  readonly complaints: Complaint[];
  /** Problems reported of the account while it stays online. */
  readonly problems: Array<Failure | undefined>;
  /** Keys of all events, also of earlier connections. */
  readonly seen: ReadonlySet<string>;
  readonly stored: Record<string, string>;
  readonly keptSecrets: Record<string, string>;
  /** Resolves with the first arrival that fits, past or to come. */
  readonly arrived: (fits: (arrival: InboundEvent) => boolean) => Promise<InboundEvent>;
  readonly reported: (fits: (report: DeliveryReceipt) => boolean) => Promise<DeliveryReceipt>;
  /** Resolves with the argument of `onDisconnected`. */
  readonly ended: Promise<unknown>;
  readonly abort: (reason?: unknown) => void;
}

/**
 * Creates a connection context without core or Redis, for tests of one platform. Duplicates are dropped by key, as in
 * the core.
 */
export function testConnectionContext(
  overrides: Partial<ConnectionContext<unknown>> & {
    readonly stateOf?: TestConnectionContext;
    readonly credentials: unknown;
  },
): TestConnectionContext {
  const { stateOf, ...more } = overrides;
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  const arrivals: InboundEvent[] = [];
  const reports: DeliveryReceipt[] = [];
  const complaints: Complaint[] = [];
  const problems: Array<Failure | undefined> = [];
  const stored: Record<string, string> = stateOf?.stored ?? {};
  const keptSecrets: Record<string, string> = stateOf?.keptSecrets ?? {};
  const seen = new Set<string>(stateOf?.seen);
  const aborting = new AbortController();
  let lost: (thrown: unknown) => void = () => undefined;
  const ended = new Promise<unknown>((resolve) => {
    lost = resolve;
  });

  async function first<T>(list: readonly T[], event: string, fits: (item: T) => boolean): Promise<T> {
    for (;;) {
      const found = list.find(fits);
      if (found !== undefined) return found;
      await once(emitter, event, { signal: AbortSignal.timeout(20_000) });
    }
  }

  return {
    app: "app1",
    address: "bob",
    egress: loopbackEgress(),
    log: silentLog,
    signal: aborting.signal,
    state: notesIn(stored),
    sealedState: notesIn(keptSecrets),
    record: async (arrival) => {
      if (arrival.state) stored[arrival.state.name] = arrival.state.value;
      if (seen.has(arrival.key)) return "seen";
      seen.add(arrival.key);
      watchEvent(arrival.event);
      arrivals.push(arrival);
      emitter.emit("arrival");
      return "new";
    },
    recordReceipt: async (report) => {
      if ("complaint" in report) complaints.push(report);
      else reports.push(report);
      emitter.emit("report");
    },
    reportProblem: async (problem) => void problems.push(problem),
    onDisconnected: lost,
    ...more,
    arrivals,
    reports,
    complaints,
    problems,
    seen,
    stored,
    keptSecrets,
    arrived: (fits) => first(arrivals, "arrival", fits),
    reported: (fits) => first(reports, "report", fits),
    ended,
    abort: (reason = new Error("no longer wanted")) => aborting.abort(reason),
  };
}

function notesIn(stored: Record<string, string>): ConnectionState {
  return {
    read: async () => ({ ...stored }),
    write: async (name, value) => {
      if (value === undefined) delete stored[name];
      else stored[name] = value;
    },
  };
}
