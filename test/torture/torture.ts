import { setTimeout as sleep } from "node:timers/promises";
import type { DeliveryAudit } from "../support/delivery-audit.ts";
import { type KillRun, killRun } from "../support/kill-run.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { FAULTS, type FaultName } from "./faults.ts";

/** Progress of a fault at one moment, once a second. */
export interface Sample {
  /** Seconds since the load began. */
  readonly second: number;
  readonly accepted: number;
  readonly results: number;
  /** Strikes, by the fault's unit. */
  readonly kills: number;
}

/** Outcome of one fault's whole run. */
export interface FaultReport {
  readonly fault: FaultName;
  readonly seed: number;
  readonly kills: number;
  readonly audit: DeliveryAudit;
  readonly samples: readonly Sample[];
}

export interface TortureSettings {
  readonly faults: readonly FaultName[];
  /** Time of all faults together. */
  readonly minutes: number;
  /** Number of kills, breaks and the like after which a fault ends before its time. */
  readonly strikes?: number;
  readonly seed: number;
  readonly onProgress: (fault: FaultName, sample: Sample) => void;
  /** Receives each fault's report as soon as its run has ended. */
  readonly onReport: (report: FaultReport) => void;
}

const WORKERS = 3;

/** Commits the faults in turn, each against a gateway of its own under load. */
export async function torture(settings: TortureSettings): Promise<FaultReport[]> {
  const { faults, minutes, strikes = Number.POSITIVE_INFINITY, seed, onProgress, onReport } = settings;
  const reports: FaultReport[] = [];
  for (const fault of faults) {
    const { injectsFaults = false } = FAULTS[fault];
    const run = await killRun(WORKERS, seededRandom(seed), { injectsFaults });
    try {
      const bounds = { ms: (minutes * 60_000) / faults.length, strikes };
      const report = await tortured(run, fault, bounds, (sample) => onProgress(fault, sample));
      reports.push(report);
      onReport(report);
    } finally {
      await run.close();
    }
  }
  return reports;
}

async function tortured(
  run: KillRun,
  fault: FaultName,
  bounds: { readonly ms: number; readonly strikes: number },
  onSample: (sample: Sample) => void,
): Promise<FaultReport> {
  const { strike, pauseMs } = FAULTS[fault];
  const begun = Date.now();
  const samples: Sample[] = [];
  let kills = 0;
  const take = (): void => {
    const sample = {
      second: Math.round((Date.now() - begun) / 1_000),
      accepted: run.posted().filter(({ outcome }) => outcome === "accepted").length,
      results: [...run.listeners.values()].flatMap(({ events }) => events).filter(({ type }) => type === "result")
        .length,
      kills,
    };
    samples.push(sample);
    onSample(sample);
  };
  const timer = setInterval(take, 1_000);
  try {
    do {
      await sleep(run.random.between(pauseMs[0], pauseMs[1]));
      kills += await strike(run);
    } while (Date.now() - begun < bounds.ms && kills < bounds.strikes);
    const audit = await run.audit(`Torture: ${FAULTS[fault].title}`);
    take();
    return { fault, seed: run.random.seed, kills, audit, samples };
  } finally {
    clearInterval(timer);
  }
}

/** Tells whether a report shows a promise that was broken. */
export function isBroken({ audit }: FaultReport): boolean {
  const { duplicated, lost, unexpected, falselySent, withoutSingleResult, failed } = audit;
  const lists = [duplicated, lost, unexpected, falselySent, withoutSingleResult, failed, audit.statusMismatches];
  return [...lists, inversionsOf(audit), audit.eventsOutOfOrder].some((rids) => rids.length > 0);
}

/** Returns effects out of order. A frozen process acts late on what is reported as unknown, which is no broken promise. */
function inversionsOf({ effectsOutOfOrder, unknownRids }: DeliveryAudit): readonly string[] {
  const unknown = new Set(unknownRids);
  return effectsOutOfOrder.filter((rid) => !unknown.has(rid));
}

/** Returns the one line of a fault: what the four books say together. */
export function reportLine({ fault, seed, kills, audit }: FaultReport): string {
  return (
    `${fault} accepted ${audit.accepted} | once ${audit.once} unknown ${audit.unknown} (delivered ` +
    `${audit.unknownDelivered}) doubled ${audit.duplicated.length} lost ${audit.lost.length} ghost ` +
    `${audit.unexpected.length} liar ${audit.falselySent.length} silent ${audit.withoutSingleResult.length} ` +
    `inversions ${inversionsOf(audit).length} | ${kills} ${FAULTS[fault].unit} seed ${seed}`
  );
}
