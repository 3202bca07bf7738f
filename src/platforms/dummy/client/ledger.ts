import { openSync, writeSync } from "node:fs";
import type { Activity } from "../../../model/activity.ts";

/** Records that an activity's effect happens now. */
export type EffectLedger = (activity: Activity) => void;

/**
 * Opens the append-only record of effects by which kill tests count duplicates, outside Redis. One line
 * `<rid> <actor> <target,…> <n> <id>` per effect, written by a single synchronous append: no line of a killed process is
 * half there, and several processes may share the file. `n` is the activity's `object.n` (0 without). Without a path the
 * ledger records nothing.
 */
export function effectLedger(path: string | undefined): EffectLedger {
  if (path === undefined || path === "") return () => undefined;
  let file: number | undefined;
  return (activity) => {
    file ??= openSync(path, "a", 0o600);
    const { n = 0 } = activity.object;
    const targets = activity.target.map(({ address }) => field(address)).join(",");
    writeSync(file, `${field(activity.rid)} ${field(activity.actor.address)} ${targets || "-"} ${n} ${activity.id}\n`);
  };
}

function field(text: string): string {
  return String(text).replaceAll(/[\s,]/g, "_");
}
