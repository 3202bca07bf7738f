import { readEachTarget } from "../../../platform/kit/read-each-target.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import { parseJrd } from "../client/jrd.ts";
import { type FoundPerson, toPerson } from "../client/person.ts";
import { queryHost } from "../client/query.ts";
import { queryUrl, resourceOf } from "../client/resource.ts";
import { classifyError, noAddress, statusFailure } from "../errors.ts";
import type { SearchSchema } from "../schemas/search.ts";

const PARALLEL_QUERIES = 5;

/** Looks up the person behind each pending target at the target's host. */
export async function search(activity: ActivityOf<typeof SearchSchema>, context: VerbContext): Promise<Receipt> {
  const { rel = [] } = activity.object.webfinger ?? {};
  const lookUp = (address: string) => lookUpPerson(address, rel, context);
  const { outcomes, values } = await readEachTarget(activity, context, PARALLEL_QUERIES, lookUp, classifyError);
  return { outcomes, object: { type: "collection", items: values } };
}

async function lookUpPerson(address: string, rel: readonly string[], context: VerbContext): Promise<FoundPerson> {
  const resource = resourceOf(address);
  if (!resource) throw noAddress();
  const answer = await queryHost(queryUrl(resource, rel), context);
  if (answer.status !== 200) throw statusFailure(answer.status, answer.headers["retry-after"]);
  return toPerson(parseJrd(answer.body), address, resource.uri);
}
