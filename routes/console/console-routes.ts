import { Router } from "express";
import type { AuditLog } from "../../src/console/audit-log.ts";
import type { Log } from "../../src/model/log.ts";
import { type AppRequestsDeps, appRequests } from "./app-requests.ts";
import { type AppRoutesDeps, appRoutes } from "./app-routes.ts";
import { auditRoutes } from "./audit-routes.ts";
import { allowChange } from "./audited.ts";
import { consoleFiles } from "./console-files.ts";
import { type SignInDeps, signIn } from "./console-sign-in.ts";
import { type OverviewRoutesDeps, overviewRoutes } from "./overview-routes.ts";
import { type QueueRoutesDeps, queueRoutes } from "./queue-routes.ts";
import { type SessionRoutesDeps, sessionRoutes } from "./session-routes.ts";

type Shared = "users" | "allow" | "sessions" | "registry";

export interface ConsoleRoutesDeps
  extends SignInDeps,
    Omit<SessionRoutesDeps, Shared>,
    Omit<AppRequestsDeps, Shared>,
    Omit<AppRoutesDeps, Shared>,
    Omit<OverviewRoutesDeps, Shared>,
    Omit<QueueRoutesDeps, Shared> {
  readonly registry: AppRoutesDeps["registry"];
  readonly audit: AuditLog;
  readonly log: Log;
}

/** Serves the web console: its page, the sign-in, and the REST API for any app. */
export function consoleRoutes(deps: ConsoleRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  const signed = { ...deps, users: signIn(deps), allow: allowChange(deps) };
  router.use(appRequests(signed));
  router.use(
    "/console/api",
    sessionRoutes(signed),
    overviewRoutes(signed),
    queueRoutes(signed),
    appRoutes(signed),
    auditRoutes(signed),
  );
  router.use(consoleFiles(deps));
  return router;
}
