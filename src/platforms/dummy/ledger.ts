import { openSync, writeSync } from "node:fs";
import type { Activity } from "../../model/activity.ts";

/** Notes that an effect is happening now. */
export type Ledger = (activity: Activity) => void;

/**
 * The append-only book of effects by which kill tests count doubles, kept outside Redis: one line
 * `<rid> <actor> <target,…> <n> <id>` per effect, written by a single synchronous append, so that no line of a killed
 * process is half there and several processes may share the file. `n` is the activity's `object.n` (0 without).
 */
export function ledger(path: string | undefined): Ledger {
  if (path === undefined || path === "") return () => undefined;
  let file: number | undefined;
  return (activity) => {
    file ??= openSync(path, "a", 0o600);
    const { n = 0 } = activity.object;
    const targets = activity.target.map(({ address }) => word(address)).join(",");
    writeSync(file, `${word(activity.rid)} ${word(activity.actor.address)} ${targets || "-"} ${n} ${activity.id}\n`);
  };
}

function word(text: string): string {
  return String(text).replaceAll(/[\s,]/g, "_");
}
