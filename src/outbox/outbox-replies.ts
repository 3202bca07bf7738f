import type { Activity } from "../model/activity.ts";
import type { ResultEvent } from "../model/event.ts";
import type { EventError } from "../model/failure.ts";
import { optional } from "../model/optional.ts";
import type { ActivityStatus } from "./activity-status.ts";
import type { AcceptResult, ActivityRecord, FinalizeResult, LaneItem, LaneState, Wake } from "./outbox.ts";
import type { Cells } from "./outbox-scripts.ts";
import { FIRST_TIME, unpackRecord } from "./packed-record.ts";
import { readNotes } from "./timeline-notes.ts";

/** Reads the answer of accept.lua. */
export function acceptResult(cells: Cells, app: string, lane: string): AcceptResult {
  const [outcome] = cells;
  if (outcome === "accepted") {
    const [, status, lanes] = cells;
    return { outcome, status: status as "queued" | "scheduled", ...wakeOf(app, lane, Number(lanes)) };
  }
  if (outcome === "replayed") {
    const [, id, status, ridAsSent, laneToWake, lanes] = cells;
    return {
      outcome,
      id: String(id),
      status: status as ActivityStatus,
      ridAsSent: JSON.parse(String(ridAsSent)) as string | number,
      ...wakeOf(app, String(laneToWake), Number(lanes)),
    };
  }
  if (outcome === "ended") {
    const { id, status, rid } = unpackRecord(String(cells[1]));
    return { outcome: "replayed", id, status, ridAsSent: rid };
  }
  return { outcome: outcome as "reused" | "account-unknown" | "quota-exceeded" };
}

/** Reads the answer of finalize.lua. */
export function finalizeResult([outcome, lanes]: Cells, app: string, lane: string): FinalizeResult {
  if (outcome === "ended") return { outcome, ...wakeOf(app, lane, Number(lanes)) };
  return { outcome: outcome as "final" | "committed" | "missing" };
}

/** Reads a lane's state, as claim.lua and complete.lua answer it. */
export function laneState(cells: Cells, app: string, lane: string): LaneState {
  const [kind] = cells;
  if (kind === "wait") return { kind, ms: Number(cells[1]) };
  if (kind === "item") return { kind, item: laneItem(cells.map(String), app, lane) };
  return { kind: kind as "empty" | "lost" };
}

function laneItem(cells: readonly string[], app: string, lane: string): LaneItem {
  const [, fence = "", body = "", ridAsSent = "", attempts, claimCount, committed, outcomes, ...facts] = cells;
  const [now = 0, expiresAt = 0, extendedMs = 0, suspicion = 0] = facts.map(Number);
  const activity = JSON.parse(body) as Activity;
  return {
    app,
    lane,
    fence,
    activity,
    ridAsSent: JSON.parse(ridAsSent) as string | number,
    attempts: Number(attempts),
    claimCount: Number(claimCount),
    suspicion,
    outcomeUncertain: committed !== "",
    outcomes: outcomesOf(outcomes, activity),
    now,
    expiresAt,
    extendedMs,
  };
}

/** Reads a record's hash; undefined when there is none. */
export function activityRecord(fields: Readonly<Record<string, string>>): ActivityRecord | undefined {
  const { id, body, rid, lane } = fields;
  if (id === undefined || body === undefined || rid === undefined || lane === undefined) return undefined;
  const activity = JSON.parse(body) as Activity;
  return {
    id,
    rid: JSON.parse(rid) as string | number,
    platform: activity.platform,
    verb: activity.verb,
    lane,
    status: fields.status as ActivityStatus,
    attempts: Number(fields.attempts ?? 0),
    acceptedAt: Number(fields.accepted),
    dueAt: Number(fields.due),
    expiresAt: Number(fields.expires),
    ...(fields.status === "deferred" ? { retryAt: Number(fields.retry), ...deferralError(fields.error) } : {}),
    committed: fields.committed !== undefined,
    actor: activity.actor,
    target: activity.target,
    ...optional("traceparent", activity.traceparent),
    outcomes: outcomesOf(fields.decided, activity),
    ...(fields.result === undefined ? {} : { result: JSON.parse(fields.result) as ResultEvent }),
    ...(Number(fields.committed) >= FIRST_TIME ? { committedAt: Number(fields.committed) } : {}),
    notes: readNotes(fields.timeline),
  };
}

function deferralError(stored: string | undefined): Pick<ActivityRecord, "error"> {
  return stored ? { error: JSON.parse(stored) as EventError } : {};
}

function outcomesOf(stored: string | undefined, activity: Activity): LaneItem["outcomes"] {
  return stored ? (JSON.parse(stored) as LaneItem["outcomes"]) : activity.target.map(() => null);
}

function wakeOf(app: string, lane: string, outstanding: number): { readonly wake?: Wake } {
  return outstanding > 0 ? { wake: { app, lane, outstanding } } : {};
}
