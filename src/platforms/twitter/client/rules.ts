import { createHash } from "node:crypto";
import { Failure } from "../../../model/failure.ts";
import { STREAM, type XApp } from "./app.ts";
import { Rules } from "./response-schemas.ts";

const PATH = `${STREAM}/rules`;
const MAX_PAGES = 25;
/** Pause before a query that X refused as a rule is offered again. */
const REFUSED_MS = 3_600_000;

/** Rules of one account for the filtered stream. All accounts of an X app share rules, so tags tell the owner. */
export interface StreamRules {
  /** Sets the account's rules to these queries and returns the accepted queries. Refused queries are not streamed. */
  readonly sync: (queries: readonly string[], signal: AbortSignal) => Promise<ReadonlySet<string>>;
  readonly tagOf: (query: string) => string;
}

/** Creates the rules of `owner`, a name that differs between all accounts of all gateways. */
export function streamRules(app: XApp, owner: string): StreamRules {
  const prefix = `dragoman:${digest(owner)}:`;
  const tagOf = (query: string): string => prefix + digest(query);
  const refusedUntil = new Map<string, number>();

  async function add(value: string, signal: AbortSignal): Promise<boolean> {
    if ((refusedUntil.get(value) ?? 0) > Date.now()) return false;
    const body = { add: [{ value, tag: tagOf(value) }] };
    const request = { method: "POST", path: PATH, body, signal, isIdempotent: true } as const;
    // X reports refused rules (duplicates, unknown operators) beside the accepted ones, or with a 400.
    const created = await app.request(request, Rules).catch((thrown: unknown) => {
      if (thrown instanceof Failure && thrown.kind === "permanent" && thrown.platformCode?.startsWith("HTTP 400")) {
        return { data: [] };
      }
      throw thrown;
    });
    if (created.data?.some(({ tag }) => tag === tagOf(value))) return true;
    refusedUntil.set(value, Date.now() + REFUSED_MS);
    return false;
  }

  return {
    tagOf,
    async sync(queries, signal) {
      const tags = new Set(queries.map(tagOf));
      const existing = (await listRules(app, signal)).filter(({ tag = "" }) => tag.startsWith(prefix));
      const obsolete = existing.filter(({ tag = "" }) => !tags.has(tag)).map(({ id }) => id);
      if (obsolete.length > 0) {
        const body = { delete: { ids: obsolete } };
        await app.request({ method: "POST", path: PATH, body, signal, isIdempotent: true }, Rules);
      }
      const existingTags = new Set(existing.map(({ tag }) => tag));
      const accepted = new Set<string>();
      for (const query of queries)
        if (existingTags.has(tagOf(query)) || (await add(query, signal))) accepted.add(query);
      return accepted;
    },
  };
}

async function listRules(app: XApp, signal: AbortSignal) {
  const rules: Array<NonNullable<Rules["data"]>[number]> = [];
  let next: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = { max_results: 1_000, ...(next === undefined ? {} : { pagination_token: next }) };
    const { data = [], meta } = await app.request({ method: "GET", path: PATH, query, signal }, Rules);
    rules.push(...data);
    next = meta?.next_token;
    if (next === undefined) break;
  }
  return rules;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
