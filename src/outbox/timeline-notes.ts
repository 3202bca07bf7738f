import type { StatusEvent, TargetOutcome } from "../model/event.ts";
import type { EventError } from "../model/failure.ts";

/** Note of a deferral or a receipt, kept with an activity's record. Acceptance, commit and result have fields of their own. */
export type TimelineNote =
  | {
      readonly step: "deferred";
      /** Unix ms, as all times here. */
      readonly at: number;
      readonly attempts: number;
      readonly retryAt: number;
      readonly error?: EventError;
    }
  | {
      readonly step: "receipt";
      readonly at: number;
      readonly status: StatusEvent["status"];
      /** Addresses that the receipt is about. */
      readonly target: readonly string[];
      readonly error?: EventError;
    };

type Stored =
  | readonly ["d", at: number, attempts: number, retryAt: number, error?: EventError]
  | readonly ["r", at: number, status: StatusEvent["status"], target: readonly string[], error?: EventError];

/** Makes the note of a deferral: one line of JSON. */
export function deferralNote({ published, error }: StatusEvent, attempts: number, retryAt: number): string {
  const note = ["d", Date.parse(published), attempts, retryAt] as const;
  return JSON.stringify((error === undefined ? note : [...note, error]) satisfies Stored);
}

/** Makes the note of a receipt about some targets: one line of JSON. */
export function receiptNote({ published, status, error }: StatusEvent, targets: readonly TargetOutcome[]): string {
  const addresses = targets.map(({ address }) => address);
  const note = ["r", Date.parse(published), status, addresses] as const;
  return JSON.stringify((error === undefined ? note : [...note, error]) satisfies Stored);
}

/** Reads the notes of a record, oldest first. */
export function readNotes(lines: string | undefined): readonly TimelineNote[] {
  if (lines === undefined || lines === "") return [];
  return lines.split("\n").map((line) => readNote(JSON.parse(line) as Stored));
}

function readNote(stored: Stored): TimelineNote {
  if (stored[0] === "d") {
    const [, at, attempts, retryAt, error] = stored;
    return { step: "deferred", at, attempts, retryAt, ...(error === undefined ? {} : { error }) };
  }
  const [, at, status, target, error] = stored;
  return { step: "receipt", at, status, target, ...(error === undefined ? {} : { error }) };
}
