import { Router } from "express";
import type { LaneQueues } from "../../src/outbox/lane-queues.ts";
import type { SignIn } from "./console-sign-in.ts";

export interface QueueRoutesDeps {
  readonly users: SignIn;
  readonly lanes: Pick<LaneQueues, "states">;
  /** Names of all queues. */
  readonly queues: readonly string[];
}

/** `GET /queues`: jobs of BullMQ's queues by state. Nothing can be changed: jobs only wake workers. */
export function queueRoutes({ users, lanes, queues }: QueueRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  router.get("/queues", async (req, res) => {
    await users.require(req);
    res.json({ queues: await lanes.states(queues) });
  });
  return router;
}
