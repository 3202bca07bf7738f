import { Router } from "express";
import { type DescribeActivityDeps, describeActivity } from "../../src/operations/describe-activity.ts";
import { cancelActivity, type EndActivityDeps } from "../../src/operations/end-activity.ts";
import { standingOf } from "../../src/operations/standing.ts";
import { type PostActivitiesDeps, postActivities } from "./post-activities.ts";

export type ActivityRoutesDeps = PostActivitiesDeps & EndActivityDeps & DescribeActivityDeps;

/** POST, GET and DELETE of activities. */
export function activityRoutes(deps: ActivityRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  router.post("/activities", (req, res) => postActivities(deps, req, res));
  router.get("/activities/:rid", async (req, res) => {
    const caller = await deps.authenticate(req, "send");
    res.json(standingOf(await describeActivity(deps, caller, req.params.rid)));
  });
  router.delete("/activities/:rid", async (req, res) => {
    const caller = await deps.authenticate(req, "send");
    res.json(standingOf({ stored: await cancelActivity(deps, caller, req.params.rid), head: undefined }));
  });
  return router;
}
