import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Log } from "../../src/model/log.ts";
import { problemOf, sendProblem } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";

export interface FastPathDeps {
  /** Whole path of the one route that carries the load. */
  readonly path: string;
  readonly handle: (req: IncomingMessage, res: ServerResponse) => Promise<void>;
  /** Everything else, and requests of pages (they need CORS headers). */
  readonly otherwise: RequestListener;
  readonly log: Log;
}

/**
 * Answers POSTs of activities before Express sees them. Its routing costs as much as the rest of accepting together.
 * The same function stands behind the Express route, so that both answer alike.
 */
export function fastPath({ path, handle, otherwise, log }: FastPathDeps): RequestListener {
  return (req, res) => {
    if (req.method !== "POST" || req.url !== path || req.headers.origin !== undefined) {
      otherwise(req, res);
      return;
    }
    handle(req, res).catch((error: unknown) => {
      const problem = problemOf(error);
      if (problem.code === "internal-error") log.error({ requestId: requestIdOf(res), error }, "request failed");
      sendProblem(res, problem);
    });
  };
}
