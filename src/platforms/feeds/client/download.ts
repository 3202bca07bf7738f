import type { EgressAnswer, VerbContext } from "../../../platform/platform.ts";
import { badRedirect, statusFailure } from "../errors.ts";

/** A document, and where it is to be asked for from now on. */
export interface Download {
  readonly answer: EgressAnswer;
  /** Present when the address moved for good (301, 308): the one to store. */
  readonly movedTo?: string;
}

const ACCEPT =
  "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, application/xml;q=0.9, text/html;q=0.6, */*;q=0.5";
const MOST_BYTES = 5 * 1024 * 1024;
const MOST_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const FOR_GOOD = new Set([301, 308]);

/**
 * Downloads a document through the guard, following redirects itself: only an unbroken chain of permanent ones from the
 * start changes the address (after 302, 303 and 307 the old one stays
 * right). Throws a `Failure` unless the end is a success, or 304 where `headers` make the question conditional.
 */
export async function download(
  first: string,
  { fetch }: Pick<VerbContext, "fetch">,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<Download> {
  const conditional = Object.keys(headers).length > 0;
  let url = first;
  let moved: string | undefined;
  let forGood = true;
  for (let left = MOST_REDIRECTS; ; left--) {
    const asking = { accept: ACCEPT, ...headers };
    const answer = await fetch(url, { headers: asking, signal, maxBytes: MOST_BYTES, maxRedirects: 0 });
    const { location } = answer.headers;
    if (!REDIRECTS.has(answer.status) || location === undefined) {
      return { answer: successful(answer, conditional), ...(moved === undefined ? {} : { movedTo: moved }) };
    }
    if (left === 0 || !URL.canParse(location, url)) throw badRedirect(answer.status);
    url = new URL(location, url).href;
    forGood &&= FOR_GOOD.has(answer.status);
    if (forGood) moved = url;
  }
}

function successful(answer: EgressAnswer, conditional: boolean): EgressAnswer {
  if (conditional && answer.status === 304) return answer;
  if (answer.status < 200 || answer.status > 299) throw statusFailure(answer.status, answer.headers["retry-after"]);
  return answer;
}

/** The http address that a `feed:` one stands for (`feed://host/…`, `feed:https://…`); others as they are. */
export function httpAddress(address: string): string {
  const rest = address.replace(/^feed:/i, "");
  return rest === address || /^https?:/i.test(rest) ? rest : `https:${rest.startsWith("//") ? rest : `//${rest}`}`;
}

/** A feed's address as its topic, one for all who follow it: complete, http or https, without fragment; undefined for none. */
export function topicOf(address: string): string | undefined {
  const http = httpAddress(address);
  if (!URL.canParse(http)) return undefined;
  const url = new URL(http);
  url.hash = "";
  return /^https?:$/.test(url.protocol) ? url.href : undefined;
}
