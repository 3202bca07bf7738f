import type { Request, Response } from "express";
import type { AuditLog } from "../../src/console/audit-log.ts";
import type { ConsoleSession } from "../../src/console/console-sessions.ts";
import type { Log } from "../../src/model/log.ts";
import { Problem } from "../http/problem.ts";

export interface AuditedDeps {
  readonly audit: AuditLog;
  readonly log: Log;
}

/** Change that a user asks for. `action` is its name in the audit log, `app` the app concerned. */
export interface Change {
  readonly action: string;
  readonly app: string;
}

/** Lets a user's change through and records its answer in the audit log. Throws `Problem` `forbidden` for viewers. */
export type AllowChange = (req: Request, res: Response, session: ConsoleSession, change: Change) => void;

/** Makes the check of changes; reading needs none. */
export function allowChange({ audit, log }: AuditedDeps): AllowChange {
  return (req, res, { name, role, id }, { action, app }) => {
    if (req.method === "GET" || req.method === "HEAD") return;
    // Not in the audit log: a viewer could push out all of its entries.
    if (role !== "admin") {
      log.warn({ action, app, name }, "console user without the role admin asked for a change; refused");
      throw new Problem("forbidden", "A viewer changes nothing; ask for a link of the role admin.");
    }
    res.once("close", () => {
      const location = res.getHeader("Location");
      const made = typeof location === "string" ? ` → ${location}` : "";
      audit
        .append({ name, role, session: id, action: `${action}${made}`, app, status: res.statusCode })
        .catch((err: unknown) => log.error({ err, action, name }, "audit entry could not be stored"));
    });
  };
}
