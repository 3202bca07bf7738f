import { createHash } from "node:crypto";
import { Failure } from "../../../model/failure.ts";
import { STREAM, type XApp } from "./app.ts";
import { Rules } from "./response-schemas.ts";

const PATH = `${STREAM}/rules`;
const PAGES_MOST = 25;
/** A query that X does not take as a rule is offered again after so long. */
const REFUSED_MS = 3_600_000;

/** One account's rules of the filtered stream. All accounts of an app at X share its rules: ours are known by their tags. */
export interface StreamRules {
  /** Makes the account's rules those of these queries; answers the queries that X took, of the others nothing is streamed. */
  readonly sync: (queries: readonly string[], signal: AbortSignal) => Promise<ReadonlySet<string>>;
  readonly tagOf: (query: string) => string;
}

/** `owner` tells the account from all others, also those of other gateways. */
export function streamRules(app: XApp, owner: string): StreamRules {
  const ours = `dragoman:${digest(owner)}:`;
  const tagOf = (query: string): string => ours + digest(query);
  const refused = new Map<string, number>();

  async function add(value: string, signal: AbortSignal): Promise<boolean> {
    if ((refused.get(value) ?? 0) > Date.now()) return false;
    const body = { add: [{ value, tag: tagOf(value) }] };
    const ask = { method: "POST", path: PATH, body, signal, repeatable: true } as const;
    // X names what it refuses (a rule that is there already, odd operators) beside what it took, or with a 400.
    const taken = await app.ask(ask, Rules).catch((thrown: unknown) => {
      if (thrown instanceof Failure && thrown.kind === "permanent" && thrown.platformCode?.startsWith("HTTP 400")) {
        return { data: [] };
      }
      throw thrown;
    });
    if (taken.data?.some(({ tag }) => tag === tagOf(value))) return true;
    refused.set(value, Date.now() + REFUSED_MS);
    return false;
  }

  return {
    tagOf,
    async sync(queries, signal) {
      const tags = new Set(queries.map(tagOf));
      const known = (await rulesOf(app, signal)).filter(({ tag = "" }) => tag.startsWith(ours));
      const gone = known.filter(({ tag = "" }) => !tags.has(tag)).map(({ id }) => id);
      if (gone.length > 0) {
        const body = { delete: { ids: gone } };
        await app.ask({ method: "POST", path: PATH, body, signal, repeatable: true }, Rules);
      }
      const there = new Set(known.map(({ tag }) => tag));
      const taken = new Set<string>();
      for (const query of queries) if (there.has(tagOf(query)) || (await add(query, signal))) taken.add(query);
      return taken;
    },
  };
}

async function rulesOf(app: XApp, signal: AbortSignal) {
  const rules: Array<NonNullable<Rules["data"]>[number]> = [];
  let next: string | undefined;
  for (let page = 0; page < PAGES_MOST; page++) {
    const query = { max_results: 1_000, ...(next === undefined ? {} : { pagination_token: next }) };
    const { data = [], meta } = await app.ask({ method: "GET", path: PATH, query, signal }, Rules);
    rules.push(...data);
    next = meta?.next_token;
    if (next === undefined) break;
  }
  return rules;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
