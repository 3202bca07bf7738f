import type { ResultEvent } from "../model/event.ts";
import type { ActivityRecord } from "./outbox.ts";

/** Fields of a packed record, in this order. */
type PackedFields = readonly [
  rid: string | number,
  id: string,
  platform: string,
  verb: string,
  actor: ResultEvent["actor"],
  target: ResultEvent["target"],
  attempts: number,
  published: string,
  object: ResultEvent["object"],
];

/**
 * Packs what is kept of a sent activity, without the content. A repeated rid and `GET /activities/{rid}` need that. The
 * script that ends the activity adds its fingerprint (32 digits) and times in front, see finish-record.lua:
 * `1|<fingerprint>|<accepted>|<due>|<expires>|<fields as JSON>`.
 */
export function packRecord(event: ResultEvent): string {
  const { rid, id, platform, verb, actor, target, attempts, published, object } = event;
  const fields: PackedFields = [rid, id, platform, verb, actor, target, attempts, published, object];
  return JSON.stringify(fields);
}

/** Reads a packed record with its result. */
export function unpackRecord(text: string): ActivityRecord {
  const [, , accepted, due, expires, ...json] = text.split("|");
  const fields = JSON.parse(json.join("|")) as PackedFields;
  const [rid, id, platform, verb, actor, target, attempts, published, object] = fields;
  const head = { rid, id, platform, verb, status: "sent", actor, target } as const;
  return {
    ...head,
    lane: "",
    attempts,
    acceptedAt: Number(accepted),
    dueAt: Number(due),
    expiresAt: Number(expires),
    committed: true,
    target: target.map(({ address }) => ({ address })),
    outcomes: target,
    result: { type: "result", ...head, object, attempts, published },
  };
}
