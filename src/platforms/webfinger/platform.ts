import type { Activity } from "../../model/activity.ts";
import { Failure } from "../../model/failure.ts";
import { readEachTarget } from "../../platform/kit/read-each-target.ts";
import type { Found, SearchResult } from "../../platform/kit/search-result.ts";
import {
  definePlatform,
  defineVerb,
  type EgressAnswer,
  type Platform,
  type ValidationIssue,
  type VerbContext,
} from "../../platform/platform.ts";
import { foundIn } from "./client/jrd.ts";
import { queryUrl, resourceOf } from "./client/resource.ts";
import { classifyError, statusFailure } from "./errors.ts";
import { SEARCH_EXAMPLE, type SearchObject, SearchShape } from "./schemas/search.ts";

/** Ten of these, with all their JSON, stay under the 256 KiB that a result may have. */
const MOST_BYTES = 24 * 1024;
const MOST_REDIRECTS = 3;
const LIMIT_MS = 20_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** WebFinger (RFC 7033): who is behind an address, asked of the address's own host. Needs no account. */
export function webfinger(): Platform {
  return definePlatform({
    id: "webfinger",
    title: "WebFinger",
    needsAccount: false,
    lifetimeSeconds: 86_400,
    verbs: {
      search: defineVerb({
        summary: "Asks each address's own host who that is, and answers with what it says",
        schema: SearchShape,
        example: SEARCH_EXAMPLE,
        run: async (_client, activity, context) => {
          const { rel = [] } = activity.object as SearchObject;
          const read = (address: string) => found(address, rel, context);
          const { outcomes, values } = await readEachTarget(activity, context, 5, read, classifyError);
          return { outcomes, object: { results: [...values] } satisfies SearchResult };
        },
      }),
    },
    validate: refuse,
    classifyError,
  });
}

async function found(address: string, rel: readonly string[], context: VerbContext): Promise<Found> {
  const resource = resourceOf(address);
  if (!resource) throw new Failure({ kind: "permanent", code: "recipient-unknown", detail: "This is no address." });
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(LIMIT_MS)]);
  const answer = await asked(queryUrl(resource, rel), context, signal);
  if (answer.status !== 200) throw statusFailure(answer.status, answer.headers["retry-after"]);
  return foundIn(answer.body, address, resource.uri);
}

/** Follows redirects itself, since they may lead to https only (RFC 7033 section 4.2). */
async function asked(first: string, context: VerbContext, signal: AbortSignal): Promise<EgressAnswer> {
  let url = first;
  for (let left = MOST_REDIRECTS; ; left--) {
    const headers = { accept: "application/jrd+json, application/json;q=0.9" };
    const answer = await context.fetch(url, { headers, signal, maxBytes: MOST_BYTES, maxRedirects: 0 });
    const { location } = answer.headers;
    if (!REDIRECTS.has(answer.status) || location === undefined) return answer;
    url = URL.canParse(location, url) ? new URL(location, url).href : "";
    if (left > 0 && url.startsWith("https:")) continue;
    const detail = "The server redirects too often, or to an address without https.";
    throw new Failure({ kind: "permanent", code: "platform-rejected", detail, platformCode: `HTTP ${answer.status}` });
  }
}

/** Refuses addresses that the schema's pattern lets through but that name no host. */
function refuse(_verb: string, { target }: Pick<Activity, "target">): ValidationIssue | undefined {
  const bad = target.findIndex(({ address }) => resourceOf(address) === undefined);
  if (bad < 0) return undefined;
  const detail =
    "names no host that could be asked: takes acct:user@host, user@host or an https address without a login";
  return { code: "validation-failed", detail, pointer: `/target/${bad}/address` };
}
