import { readEachTarget } from "../../../platform/kit/read-each-target.ts";
import type { Found, SearchResult } from "../../../platform/kit/search-result.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import { parseJrd } from "../client/jrd.ts";
import { queryHost } from "../client/query.ts";
import { queryUrl, resourceOf } from "../client/resource.ts";
import { classifyError, noAddress, statusFailure } from "../errors.ts";
import type { SearchSchema } from "../schemas/search.ts";

const PARALLEL_QUERIES = 5;

/** Looks up each pending target at its own host. */
export async function search(activity: ActivityOf<typeof SearchSchema>, context: VerbContext): Promise<Receipt> {
  const { rel = [] } = activity.object;
  const lookUp = (address: string) => lookUpAddress(address, rel, context);
  const { outcomes, values } = await readEachTarget(activity, context, PARALLEL_QUERIES, lookUp, classifyError);
  return { outcomes, object: { results: [...values] } satisfies SearchResult };
}

async function lookUpAddress(address: string, rel: readonly string[], context: VerbContext): Promise<Found> {
  const resource = resourceOf(address);
  if (!resource) throw noAddress();
  const answer = await queryHost(queryUrl(resource, rel), context);
  if (answer.status !== 200) throw statusFailure(answer.status, answer.headers["retry-after"]);
  return parseJrd(answer.body, address, resource.uri);
}
