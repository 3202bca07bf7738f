import { Router } from "express";
import { targetsOf } from "../../src/model/event-builders.ts";
import { cancelActivity, type EndActivityDeps, findActivity } from "../../src/operations/end-activity.ts";
import type { ActivityRecord } from "../../src/outbox/outbox.ts";
import { type PostActivitiesDeps, postActivities } from "./post-activities.ts";

export type ActivityRoutesDeps = PostActivitiesDeps & EndActivityDeps;

/** POST, GET and DELETE of activities. */
export function activityRoutes(deps: ActivityRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  router.post("/activities", (req, res) => postActivities(deps, req, res));
  router.get("/activities/:rid", async (req, res) => {
    const caller = await deps.authenticate(req, "send");
    res.json(statusOf(await findActivity(deps, caller, req.params.rid)));
  });
  router.delete("/activities/:rid", async (req, res) => {
    const caller = await deps.authenticate(req, "send");
    res.json(statusOf(await cancelActivity(deps, caller, req.params.rid)));
  });
  return router;
}

/** Returns the answer of `GET /activities/{rid}`. */
function statusOf(stored: ActivityRecord): Record<string, unknown> {
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
