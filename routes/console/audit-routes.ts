import { Router } from "express";
import { AUDIT_ID, type AuditLog } from "../../src/console/audit-log.ts";
import { Problem } from "../http/problem.ts";
import type { SignIn } from "./console-sign-in.ts";

const PAGE = 100;

/** `GET /audit`: changes of console users, newest first. `?after=` takes the `next` of the page before. */
export function auditRoutes({ users, audit }: { readonly users: SignIn; readonly audit: AuditLog }): Router {
  const router = Router({ caseSensitive: true });
  router.get("/audit", async (req, res) => {
    await users.require(req);
    const { after } = req.query;
    if (after !== undefined && (typeof after !== "string" || !AUDIT_ID.test(after))) {
      throw new Problem("bad-parameter", "`after` takes the `next` of the page before.");
    }
    const entries = await audit.list(PAGE, after);
    const last = entries.at(-1);
    res.json({ entries, ...(entries.length === PAGE && last ? { next: last.id } : {}) });
  });
  return router;
}
