import { Router } from "express";
import { type Caller, covers } from "../../src/model/caller.ts";
import { resultEvent, targetsOf } from "../../src/model/event-builders.ts";
import type { LaneQueues } from "../../src/outbox/lane-queues.ts";
import type { ActivityRecord, Outbox } from "../../src/outbox/outbox.ts";
import { Problem } from "../http/problem.ts";
import { type PostDeps, postActivities } from "./post-activities.ts";

export interface ActivityRoutesDeps extends PostDeps {
  readonly outbox: Outbox;
  readonly lanes: Pick<LaneQueues, "runNow">;
}

/** POST, GET and DELETE of activities. */
export function activityRoutes(deps: ActivityRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  router.post("/activities", (req, res) => postActivities(deps, req, res));
  router.get("/activities/:rid", async (req, res) => {
    const caller = await deps.who(req, "send");
    const stored = await found(deps.outbox, caller, req.params.rid);
    res.json(standingOf(stored));
  });
  router.delete("/activities/:rid", async (req, res) => {
    const caller = await deps.who(req, "send");
    res.json(await cancel(deps, caller, req.params.rid));
  });
  return router;
}

async function cancel(
  { outbox, lanes }: Pick<ActivityRoutesDeps, "outbox" | "lanes">,
  caller: Caller,
  rid: string,
): Promise<Record<string, unknown>> {
  const stored = await found(outbox, caller, rid);
  const facts = { status: "cancelled", decided: stored.outcomes, attempts: stored.attempts, now: Date.now() } as const;
  const ended = await outbox.finalize(caller.app, rid, stored.lane, resultEvent(stored, stored.rid, facts));
  if (ended.outcome === "missing") throw notFound();
  if (ended.outcome !== "ended")
    throw new Problem("too-late", "It is being sent or has ended; GET the activity to see what became of it.", {
      rid: stored.rid,
    });
  if (ended.wake) await lanes.runNow(ended.wake);
  return standingOf((await outbox.find(caller.app, rid)) ?? stored);
}

async function found(outbox: Outbox, caller: Caller, rid: string): Promise<ActivityRecord> {
  const stored = await outbox.find(caller.app, rid);
  if (!stored || !covers(caller.limits, stored)) throw notFound();
  return stored;
}

function notFound(): Problem {
  return new Problem("not-found", "No activity with this rid, or it was finished too long ago.");
}

/** What `GET /activities/{rid}` answers. */
function standingOf(stored: ActivityRecord): Record<string, unknown> {
  const time = (ms: number) => new Date(ms).toISOString();
  return {
    rid: stored.rid,
    id: stored.id,
    platform: stored.platform,
    verb: stored.verb,
    status: stored.status,
    actor: stored.actor,
    target: stored.result?.target ?? targetsOf(stored, stored.outcomes, stored.status),
    attempts: stored.attempts,
    accepted: time(stored.acceptedAt),
    due: time(stored.dueAt),
    expires: time(stored.expiresAt),
    ...(stored.retryAt === undefined ? {} : { retryAt: time(stored.retryAt) }),
    ...(stored.result === undefined ? {} : { result: stored.result }),
  };
}
