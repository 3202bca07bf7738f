import type { EgressAnswer, VerbContext } from "../../../platform/platform.ts";
import { badRedirect } from "../errors.ts";

/** Maximum size of an answer; `parseJrd` bounds the descriptors that a result keeps. */
const MAX_BYTES = 256 * 1024;
const MAX_REDIRECTS = 3;
const TIMEOUT_MS = 20_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Asks a host and returns the answer of any status. Follows redirects here, since RFC 7033 section 4.2 allows only
 * https; throws a permanent `Failure` for others.
 */
export async function queryHost(
  queryUrl: string,
  context: Pick<VerbContext, "fetch" | "signal">,
): Promise<EgressAnswer> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const headers = { accept: "application/jrd+json, application/json;q=0.9" };
  let url = queryUrl;
  for (let redirectsLeft = MAX_REDIRECTS; ; redirectsLeft--) {
    const answer = await context.fetch(url, { headers, signal, maxBytes: MAX_BYTES, maxRedirects: 0 });
    const { location } = answer.headers;
    if (!REDIRECTS.has(answer.status) || location === undefined) return answer;
    url = URL.canParse(location, url) ? new URL(location, url).href : "";
    if (redirectsLeft > 0 && url.startsWith("https:")) continue;
    throw badRedirect(answer.status);
  }
}
