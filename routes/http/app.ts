import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Router } from "express";
import type { Log } from "../../src/model/log.ts";
import { allowedMethods } from "./allowed-methods.ts";
import { EndedToken } from "./ended-token.ts";
import { privateByDefault } from "./private-answer.ts";
import { Problem, problemOf, sendProblem } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";

export interface AppDeps {
  readonly basePath: string;
  readonly trustProxy: number | readonly string[];
  readonly cors: RequestHandler;
  /** Routes that read their own body. The hot path and streams come first, before anything that costs. */
  readonly first: readonly Router[];
  /** Routes whose body is small JSON. */
  readonly ordinary: readonly Router[];
  /** Routes that answer at the root as well as under the base path (health). */
  readonly atRoot: readonly Router[];
  readonly log: Log;
}

/** The Express application: what lies where, and how everything thrown is answered. */
export function createApp({ basePath, trustProxy, cors, first, ordinary, atRoot, log }: AppDeps): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");
  app.set("trust proxy", typeof trustProxy === "number" ? trustProxy : [...trustProxy]);
  app.set("case sensitive routing", true);

  app.use(privateByDefault());
  const base = express.Router({ caseSensitive: true });
  base.use(cors);
  for (const router of [...first, ...atRoot]) base.use(router);
  base.use(allowedMethods([...first, ...atRoot, ...ordinary]));
  for (const router of ordinary) base.use(router);

  app.use(...atRoot, allowedMethods(atRoot));
  app.use(basePath === "" ? "/" : basePath, base);
  if (basePath !== "") app.get("/", (_req, res) => res.redirect(303, `${basePath}/try`));
  app.use((_req, _res, next) => next(unmatched(basePath)));
  app.use(answerErrors(log));
  return app;
}

function unmatched(basePath: string): Problem {
  const start = basePath === "" ? "" : ` Paths begin with ${basePath}.`;
  return new Problem(
    "not-found",
    `There is no resource at this path.${start} GET ${basePath}/openapi.json lists all paths.`,
  );
}

function answerErrors(log: Log): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    if (error instanceof EndedToken) return sendProblem(res, new Problem("unauthenticated", error.message));
    // Express' own complaint about a path that can't be decoded.
    if (error instanceof URIError)
      return sendProblem(res, new Problem("bad-parameter", "The path is not valid percent-encoding."));
    const problem = problemOf(error);
    if (problem.code === "internal-error")
      log.error(
        {
          method: req.method,
          requestId: requestIdOf(res),
          error: error instanceof Error ? error.stack : String(error),
        },
        "request failed",
      );
    return sendProblem(res, problem);
  };
}
