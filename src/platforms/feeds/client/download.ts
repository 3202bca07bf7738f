import type { EgressAnswer, VerbContext } from "../../../platform/platform.ts";
import { badRedirect, statusFailure } from "../errors.ts";

/** A downloaded answer, and the feed's new address if it moved. */
export interface Download {
  readonly answer: EgressAnswer;
  /** Address to store: present when the feed moved permanently (301, 308). */
  readonly movedTo?: string;
}

const ACCEPT =
  "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, application/xml;q=0.9, text/html;q=0.6, */*;q=0.5";
const MAX_BYTES = 15 * 1024 * 1024;
const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const PERMANENT_REDIRECTS = new Set([301, 308]);

/**
 * Downloads a document through the egress guard and follows redirects itself. Only an unbroken chain of permanent redirects
 * from the start changes the address; after 302, 303 and 307 the old one stays right. Throws a `Failure` unless the last
 * answer is a success, or 304 to a conditional request (`headers`).
 */
export async function download(
  address: string,
  { fetch }: Pick<VerbContext, "fetch">,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<Download> {
  const isConditional = Object.keys(headers).length > 0;
  let url = address;
  let movedTo: string | undefined;
  let isPermanent = true;
  for (let redirectsLeft = MAX_REDIRECTS; ; redirectsLeft--) {
    const requestHeaders = { accept: ACCEPT, ...headers };
    const answer = await fetch(url, { headers: requestHeaders, signal, maxBytes: MAX_BYTES, maxRedirects: 0 });
    const { location } = answer.headers;
    if (!REDIRECTS.has(answer.status) || location === undefined) {
      return { answer: requireSuccess(answer, isConditional), ...(movedTo === undefined ? {} : { movedTo }) };
    }
    if (redirectsLeft === 0 || !URL.canParse(location, url)) throw badRedirect(answer.status);
    url = new URL(location, url).href;
    isPermanent &&= PERMANENT_REDIRECTS.has(answer.status);
    if (isPermanent) movedTo = url;
  }
}

function requireSuccess(answer: EgressAnswer, isConditional: boolean): EgressAnswer {
  if (isConditional && answer.status === 304) return answer;
  if (answer.status < 200 || answer.status > 299) throw statusFailure(answer.status, answer.headers["retry-after"]);
  return answer;
}
