import type { ResultEvent, TargetOutcome } from "../model/event.ts";
import { optional } from "../model/optional.ts";
import type { ActivityRecord } from "./outbox.ts";
import { readNotes } from "./timeline-notes.ts";

/** Address alone, or more. An actor may have a name, a target an id or another status. */
type Packed<Whole> = string | Whole;

/** Fields of a packed record, in this order. */
type PackedFields = readonly [
  rid: string | number,
  id: string,
  platform: string,
  verb: string,
  actor: Packed<ResultEvent["actor"]>,
  target: ReadonlyArray<Packed<TargetOutcome>>,
  attempts: number,
  /** Unix ms; versions before 2 have the text. */
  published: number | string,
  /** Without an `id` that the first target's outcome has too. */
  object: ResultEvent["object"],
  /** Absent without tracing, and in records of older versions. */
  traceId?: string,
];

/** Smallest time (Unix ms). Commits of older versions are marked by a smaller number. */
export const FIRST_TIME = 1_000_000_000_000;

/**
 * Packs what is kept of a sent activity, without the content. A repeated rid, `GET /activities/{rid}` and the history need
 * that. The script that ends the activity adds its fingerprint (32 digits) and times in front, and its notes behind, see
 * finish-record.lua: `2|<fingerprint>|<accepted>|<due>|<expires>|<committed>|<fields as JSON>`, then a line per note. All
 * times but the first are counted from it. Version 1 had whole times, no commit and no notes.
 */
export function packRecord(event: ResultEvent): string {
  const { rid, id, platform, verb, actor, target, attempts, published, object, traceId } = event;
  const { id: objectId, ...rest } = object;
  const isSameId = objectId !== undefined && objectId === firstIdOf(target);
  const always = [
    rid,
    id,
    platform,
    verb,
    Object.keys(actor).length === 1 ? actor.address : actor,
    target.map(packTarget),
    attempts,
    Date.parse(published),
    isSameId ? rest : object,
  ] as const;
  const fields: PackedFields = traceId === undefined ? always : [...always, traceId];
  return JSON.stringify(fields);
}

/** Reads a packed record with its result. */
export function unpackRecord(text: string): ActivityRecord {
  const { version, times, json, notes } = partsOf(text);
  const fields = JSON.parse(json) as PackedFields;
  const [rid, id, platform, verb, packedActor, packedTarget, attempts, published, packedObject, traceId] = fields;
  const actor = typeof packedActor === "string" ? { address: packedActor } : packedActor;
  const target = packedTarget.map((one) => (typeof one === "string" ? { address: one, status: "sent" } : one));
  const firstId = version === "1" ? undefined : firstIdOf(target);
  const head = { rid, id, platform, verb, status: "sent", actor, target } as const;
  const { accepted, due, expires, committed } = times;
  return {
    ...head,
    lane: "",
    attempts,
    acceptedAt: accepted,
    dueAt: due,
    expiresAt: expires,
    committed: true,
    ...(committed >= FIRST_TIME ? { committedAt: committed } : {}),
    target: target.map(({ address }) => ({ address })),
    outcomes: target,
    result: {
      type: "result",
      ...head,
      object: firstId === undefined || "id" in packedObject ? packedObject : { id: firstId, ...packedObject },
      attempts,
      published: new Date(published).toISOString(),
      ...optional("traceId", traceId),
    },
    notes: readNotes(notes),
  };
}

function packTarget(target: TargetOutcome): Packed<TargetOutcome> {
  return target.status === "sent" && Object.keys(target).length === 2 ? target.address : target;
}

function firstIdOf(targets: readonly TargetOutcome[]): string | undefined {
  return targets.find(({ id }) => id !== undefined)?.id;
}

/** Splits a packed record. Fields may hold the separator, but no line feed. */
function partsOf(text: string) {
  const [version, , ...rest] = text.split("|");
  const timeCount = version === "1" ? 3 : 4;
  const [accepted = 0, ...others] = rest.slice(0, timeCount).map(Number);
  const [due = 0, expires = 0, committed = Number.NaN] =
    version === "1" ? others : others.map((offset) => accepted + offset);
  const tail = rest.slice(timeCount).join("|");
  const end = tail.indexOf("\n");
  return {
    version,
    times: { accepted, due, expires, committed: rest[3] === "" ? Number.NaN : committed },
    json: end < 0 ? tail : tail.slice(0, end),
    notes: end < 0 ? undefined : tail.slice(end + 1),
  };
}
