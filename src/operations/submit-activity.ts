import type { AdmitOne } from "../../routes/http/admission.ts";
import { Problem, problemOf } from "../../routes/http/problem.ts";
import { addressCheck } from "../egress/address-rules.ts";
import { attachmentFaults } from "../intake/attachment-hosts.ts";
import { type FindPlatform, type Readable, readActivity } from "../intake/parse-activity.ts";
import { Refusal } from "../intake/refusal.ts";
import { accountId } from "../model/account-id.ts";
import type { Activity } from "../model/activity.ts";
import { type Caller, covers } from "../model/caller.ts";
import { laneOf } from "../model/lane.ts";
import type { Log } from "../model/log.ts";
import { newId } from "../model/new-id.ts";
import { shardOf } from "../model/shard.ts";
import type { ValidationError } from "../model/validate.ts";
import type { LaneQueues } from "../outbox/lane-queues.ts";
import type { AcceptResult, ActivityStatus, Outbox, Wake } from "../outbox/outbox.ts";
import { needsConnection, type Platform } from "../platform/platform.ts";
import { isRedisAway } from "../redis/unavailable.ts";

/** The answer to an accepted activity, on REST and WebSocket alike. */
export interface Confirm {
  readonly type: "confirm";
  readonly verb: "confirm";
  readonly rid: string | number;
  readonly id: string;
  readonly status: ActivityStatus;
  readonly href: string;
  /** True when the app gave no rid and we made this one. */
  readonly ridGenerated?: true;
}

/** What became of one posted activity. `replayed`: this rid was accepted before, this is the stored answer. */
export type Submitted =
  | { readonly ok: true; readonly confirm: Confirm; readonly replayed: boolean }
  | { readonly ok: false; readonly problem: Problem; readonly rid?: string | number };

export interface SubmitDeps {
  readonly outbox: Outbox;
  readonly lanes: Pick<LaneQueues, "wake">;
  readonly find: FindPlatform;
  readonly basePath: string;
  readonly log: Log;
  /** Throws a problem when the gateway or this app can't take more right now. */
  readonly admit: AdmitOne;
  /** May users' input lead to this IP address? Default: to public ones. */
  readonly mayReach?: (address: string) => boolean;
  readonly onAccepted?: (platform: string, seconds: number) => void;
}

export interface Submission {
  /** Accepts one activity; never throws for what was posted. `key` is the `Idempotency-Key`, the rid where the body has none. */
  readonly submit: (caller: Caller, posted: unknown, key?: string) => Promise<Submitted>;
}

/** Of the worker that must carry it out, if it needs the account's connection. */
function shardFor(app: string, platform: Platform, { verb, actor }: Activity): number | undefined {
  return needsConnection(platform, verb) ? shardOf(app, accountId(platform.id, actor.address)) : undefined;
}

/** Takes activities in: reads, checks what the caller may do, stores atomically, wakes the lane. */
export function submission(deps: SubmitDeps): Submission {
  const { outbox, lanes, find, log, admit, mayReach = addressCheck([]), onAccepted } = deps;

  async function accept(caller: Caller, readable: Readable, key: string | undefined): Promise<Submitted> {
    const sent = readable.rid ?? key;
    const id = newId();
    const activity: Activity = { id, rid: String(sent ?? id), ...readable.activity };
    const answer = await outbox.accept({
      app: caller.app,
      activity,
      lane: laneOf(caller.app, activity, shardFor(caller.app, readable.platform, activity)),
      ridAsSent: sent ?? id,
      fingerprint: readable.fingerprint,
      lifetimeMs: readable.lifetimeMs,
      blobs: readable.blobs,
      ...(readable.dueAt === undefined ? {} : { dueAt: readable.dueAt }),
      ...(readable.platform.needsAccount
        ? { needsAccount: accountId(readable.platform.id, activity.actor.address) }
        : {}),
    });
    if ("wake" in answer && answer.wake) wake(answer.wake);
    return answered(answer, activity, sent);
  }

  /** Not awaited: the 202 rests on the stored activity alone, and the sweep finds a lane whose wake got lost. */
  function wake(it: Wake): void {
    lanes
      .wake(it)
      .catch((error: unknown) => log.warn({ error: String(error) }, "a lane's wake got lost; the sweep will find it"));
  }

  function answered(answer: AcceptResult, activity: Activity, sent: string | number | undefined): Submitted {
    if (answer.outcome === "accepted" || answer.outcome === "replayed") {
      const replayed = answer.outcome === "replayed";
      const rid = answer.outcome === "replayed" ? answer.ridAsSent : (sent ?? activity.rid);
      const confirm: Confirm = {
        type: "confirm",
        verb: "confirm",
        rid,
        id: answer.outcome === "replayed" ? answer.id : activity.id,
        status: answer.status,
        href: `${deps.basePath}/activities/${encodeURIComponent(activity.rid)}`,
        ...(sent === undefined ? { ridGenerated: true } : {}),
      };
      return { ok: true, confirm, replayed };
    }
    return { ok: false, ...(sent === undefined ? {} : { rid: sent }), problem: refused(answer.outcome, sent) };
  }

  async function tryAccept(caller: Caller, posted: unknown, key: string | undefined): Promise<Submitted> {
    const started = performance.now();
    await admit(caller.app);
    const readable = readActivity(find, posted, Date.now());
    if (!covers(caller.limits, readable.activity)) {
      throw new Problem("forbidden", "The token does not cover this actor, platform or verb.");
    }
    const hidden = attachmentFaults(readable.activity, mayReach);
    if (hidden[0]) throw unreachable(hidden[0], hidden, readable.rid);
    const submitted = await accept(caller, readable, key);
    if (submitted.ok && !submitted.replayed) onAccepted?.(readable.platform.id, (performance.now() - started) / 1_000);
    return submitted;
  }

  return {
    submit: (caller, posted, key) =>
      tryAccept(caller, posted, key).catch((error: unknown) => {
        const rid = error instanceof Refusal ? error.rid : undefined;
        const problem = error instanceof Refusal ? fromRefusal(error) : storeFault(error, log);
        return { ok: false, problem, ...(rid === undefined ? {} : { rid }) };
      }),
  };
}

function unreachable(
  first: ValidationError,
  errors: readonly ValidationError[],
  rid: string | number | undefined,
): Refusal {
  const refusal = new Refusal("validation-failed", `${first.pointer} ${first.detail}.`, errors);
  refusal.rid = rid;
  return refusal;
}

function fromRefusal(refusal: Refusal): Problem {
  return new Problem(refusal.code, refusal.message, {
    ...(refusal.errors === undefined ? {} : { errors: refusal.errors }),
    ...(refusal.rid === undefined ? {} : { rid: refusal.rid }),
  });
}

function refused(outcome: "reused" | "account-unknown" | "quota-exceeded", rid: string | number | undefined): Problem {
  const words = rid === undefined ? {} : { rid };
  switch (outcome) {
    case "reused":
      return new Problem("rid-reused", "This rid was used for another activity; choose a new rid for each.", {
        ...words,
        errors: [{ pointer: "/rid", detail: "was used before" }],
      });
    case "account-unknown":
      return new Problem("account-unknown", "Store the actor's login with PUT /accounts first.", {
        ...words,
        errors: [{ pointer: "/actor/address", detail: "has no stored account" }],
      });
    case "quota-exceeded":
      return new Problem("quota-exceeded", "Wait until some of the app's activities have ended.", {
        ...words,
        retryAfter: 5,
      });
  }
}

/** Redis away, or full: nothing is known to be stored, so the same rid may come again. */
function storeFault(error: unknown, log: Log): Problem {
  if (error instanceof Problem) return error;
  if (!isRedisAway(error))
    log.error({ error: error instanceof Error ? error.stack : String(error) }, "an activity could not be accepted");
  return problemOf(error);
}
