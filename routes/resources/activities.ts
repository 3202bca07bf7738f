import { Router } from "express";
import { type DescribeActivityDeps, describeActivity } from "../../src/operations/describe-activity.ts";
import { cancelActivity, type EndActivityDeps } from "../../src/operations/end-activity.ts";
import { listActivities } from "../../src/operations/list-activities.ts";
import { standingOf, summaryOf } from "../../src/operations/standing.ts";
import type { History } from "../../src/outbox/history.ts";
import { Problem } from "../http/problem.ts";
import { parametersOf, refuseUnknown } from "../http/query-parameters.ts";
import type { Handle } from "../http/trace-requests.ts";
import { activityQuery, historyCursor } from "./activity-query.ts";
import type { PostActivitiesDeps } from "./post-activities.ts";

interface ListDeps {
  /** Undefined where the setting HISTORY is off. */
  readonly history: Pick<History, "page"> | undefined;
  /** Returns a platform's own id for any of its names. */
  readonly canonicalId: (platform: string) => string;
}

export type ActivityRoutesDeps = PostActivitiesDeps & EndActivityDeps & DescribeActivityDeps & ListDeps;

/** POST, GET and DELETE of activities. `post` answers the POST, see fast-path.ts. */
export function activityRoutes(deps: ActivityRoutesDeps, post: Handle): Router {
  const { history } = deps;
  const router = Router({ caseSensitive: true });
  router.post("/activities", post);
  router.get("/activities", async (req, res) => {
    // A stream of results shows no less than a list does; a token that only sends sees neither.
    const caller = await deps.authenticate(req, "listen");
    if (history === undefined) throw new Problem("not-configured", "The list is switched off by the setting HISTORY.");
    const { activities, next } = await listActivities({ history }, caller, activityQuery(req, deps.canonicalId));
    res.json({ activities: activities.map(summaryOf), ...(next === undefined ? {} : { next: historyCursor(next) }) });
  });
  router.get("/activities/:rid", async (req, res) => {
    const caller = await deps.authenticate(req, "send");
    refuseUnknown(parametersOf(req.url), []);
    res.json(standingOf(await describeActivity(deps, caller, req.params.rid)));
  });
  router.delete("/activities/:rid", async (req, res) => {
    const caller = await deps.authenticate(req, "send");
    res.json(standingOf({ stored: await cancelActivity(deps, caller, req.params.rid), head: undefined }));
  });
  return router;
}
