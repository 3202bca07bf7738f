import type { EgressAnswer, Lent } from "../../platform.ts";
import { badRedirect, statusFailure } from "./explain.ts";

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
 * right). Throws a `Failure` unless the end is a success.
 */
export async function download(first: string, { fetch }: Pick<Lent, "fetch">, signal: AbortSignal): Promise<Download> {
  let url = first;
  let moved: string | undefined;
  let forGood = true;
  for (let left = MOST_REDIRECTS; ; left--) {
    const answer = await fetch(url, { headers: { accept: ACCEPT }, signal, maxBytes: MOST_BYTES, maxRedirects: 0 });
    const { location } = answer.headers;
    if (!REDIRECTS.has(answer.status) || location === undefined) {
      return { answer: successful(answer), ...(moved === undefined ? {} : { movedTo: moved }) };
    }
    if (left === 0 || !URL.canParse(location, url)) throw badRedirect(answer.status);
    url = new URL(location, url).href;
    forGood &&= FOR_GOOD.has(answer.status);
    if (forGood) moved = url;
  }
}

function successful(answer: EgressAnswer): EgressAnswer {
  if (answer.status < 200 || answer.status > 299) throw statusFailure(answer.status, answer.headers["retry-after"]);
  return answer;
}

/** The http address that a `feed:` one stands for (`feed://host/…`, `feed:https://…`); others as they are. */
export function httpAddress(address: string): string {
  const rest = address.replace(/^feed:/i, "");
  return rest === address || /^https?:/i.test(rest) ? rest : `https:${rest.startsWith("//") ? rest : `//${rest}`}`;
}
