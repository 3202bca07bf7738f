import { EventEmitter, once } from "node:events";
import { silentLog } from "../../src/model/log.ts";
import type { Hold, Notes, Report } from "../../src/platform/connection.ts";
import type { Arrival } from "../../src/platform/platform.ts";
import { loopbackEgress } from "./loopback-egress.ts";

/** What the core gives to `Platform.hold`, in memory, and what the platform did with it. */
export interface TestHold extends Hold<unknown> {
  readonly arrivals: Arrival[];
  readonly reports: Report[];
  readonly kept: Record<string, string>;
  readonly keptSecrets: Record<string, string>;
  /** Resolves with the first arrival that fits, past or to come. */
  readonly arrived: (fits: (arrival: Arrival) => boolean) => Promise<Arrival>;
  readonly reported: (fits: (report: Report) => boolean) => Promise<Report>;
  /** Resolves with what `lost` was called with. */
  readonly ended: Promise<unknown>;
  readonly abort: (reason?: unknown) => void;
}

/** A `Hold` without core or Redis, for tests of one platform; duplicates are dropped by key as the core does. */
export function testHold(
  words: Partial<Hold<unknown>> & { readonly notesOf?: TestHold; readonly credentials: unknown },
): TestHold {
  const { notesOf, ...more } = words;
  const told = new EventEmitter();
  told.setMaxListeners(0);
  const arrivals: Arrival[] = [];
  const reports: Report[] = [];
  const kept: Record<string, string> = notesOf?.kept ?? {};
  const keptSecrets: Record<string, string> = notesOf?.keptSecrets ?? {};
  const seen = new Set<string>(notesOf?.arrivals.map(({ key }) => key));
  const aborting = new AbortController();
  let lost: (thrown: unknown) => void = () => undefined;
  const ended = new Promise<unknown>((resolve) => {
    lost = resolve;
  });

  async function first<T>(list: readonly T[], event: string, fits: (one: T) => boolean): Promise<T> {
    for (;;) {
      const found = list.find(fits);
      if (found !== undefined) return found;
      await once(told, event, { signal: AbortSignal.timeout(20_000) });
    }
  }

  return {
    app: "app1",
    address: "bob",
    egress: loopbackEgress(),
    log: silentLog,
    signal: aborting.signal,
    notes: notesIn(kept),
    secrets: notesIn(keptSecrets),
    arrive: async (arrival) => {
      if (arrival.note) kept[arrival.note.name] = arrival.note.value;
      if (seen.has(arrival.key)) return "seen";
      seen.add(arrival.key);
      arrivals.push(arrival);
      told.emit("arrival");
      return "new";
    },
    report: async (report) => {
      reports.push(report);
      told.emit("report");
    },
    lost,
    ...more,
    arrivals,
    reports,
    kept,
    keptSecrets,
    arrived: (fits) => first(arrivals, "arrival", fits),
    reported: (fits) => first(reports, "report", fits),
    ended,
    abort: (reason = new Error("no longer wanted")) => aborting.abort(reason),
  };
}

function notesIn(kept: Record<string, string>): Notes {
  return {
    read: async () => ({ ...kept }),
    write: async (name, value) => {
      if (value === undefined) delete kept[name];
      else kept[name] = value;
    },
  };
}
