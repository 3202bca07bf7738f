import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";

/** Maximum number of entries kept. */
export const MAX_AUDIT_ENTRIES = 10_000;

/** Change by a console user. Never holds a body: bodies may hold secrets. */
export interface AuditEntry {
  readonly name: string;
  readonly role: string;
  /** Id of the session; empty for the command line. */
  readonly session: string;
  /** Method and path, or a word such as `signed in`. */
  readonly action: string;
  /** Id of the app concerned; empty for none. */
  readonly app: string;
  /** HTTP status of the answer. */
  readonly status: number;
}

/** Audit entry with its position, which is the cursor of the next page. */
export interface StoredAuditEntry extends AuditEntry {
  readonly id: string;
  /** RFC 3339. */
  readonly time: string;
}

/** Audit log of the installation. */
export interface AuditLog {
  readonly append: (entry: AuditEntry) => Promise<void>;
  /** Returns entries, newest first. `before` is the id of an entry. */
  readonly list: (limit: number, before?: string) => Promise<readonly StoredAuditEntry[]>;
}

/** Form of an entry's id. */
export const AUDIT_ID = /^\d{1,15}-\d{1,10}$/;

/** Keeps the audit log as a Redis Stream. */
export function auditLog({ redis }: { readonly redis: RedisClient }): AuditLog {
  return {
    append: async (entry) => {
      await redis.xadd(keys.consoleAudit, "MAXLEN", "~", MAX_AUDIT_ENTRIES, "*", "e", JSON.stringify(entry));
    },
    list: async (limit, before) => {
      const from = before === undefined ? "+" : `(${before}`;
      const entries = await redis.xrevrange(keys.consoleAudit, from, "-", "COUNT", limit);
      return entries.map(([id, [, json = "{}"]]) => ({
        ...(JSON.parse(json) as AuditEntry),
        id,
        time: new Date(Number(id.split("-", 1)[0])).toISOString(),
      }));
    },
  };
}
