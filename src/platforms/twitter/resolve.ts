import { decodeTime } from "ulid";
import type { Activity } from "../../activity.ts";
import { Failure } from "../../failure.ts";
import type { Lent, Receipt } from "../../platform.ts";
import { idAt, postOf } from "./address.ts";
import type { Client } from "./client.ts";
import { pageOf, sourceOf } from "./pages.ts";
import { posted } from "./posting.ts";
import type { PostObject } from "./shapes.ts";

/** A post may take some seconds to show up in its author's list. */
const LOOKS_MOST = 5;

/**
 * Whether a post that broke after its commit is out: X takes no second one of the same words, so one that stands in the
 * account's list since the activity was accepted is it. Messages may be repeated, so of them nobody can tell. Throws to
 * be asked again when it is not there yet; in the end that it is not there proves nothing, since the request may come late.
 */
export async function resolve(client: Client, activity: Activity, lent: Lent): Promise<Receipt | undefined> {
  const { body, inReplyTo, quote, attachments = [] } = activity.object as PostObject;
  if (activity.verb !== "post" || body === undefined || attachments.length > 0) return undefined;
  const accepted = acceptedAt(activity.id);
  if (accepted === undefined) return undefined;
  const me = await client.me(lent.signal);
  const source = await sourceOf(client, me, lent.signal);
  const { items } = await pageOf(client, source, { count: 100, after: idAt(accepted) }, lent.signal);
  const wanted = { body: bare(body), inReplyTo: inReplyTo && postOf(inReplyTo), quote: quote && postOf(quote) };
  const found = items.find(({ verb, object }) => {
    const same = verb === "post" && bare(String(object.body)) === wanted.body;
    return same && object.inReplyTo === wanted.inReplyTo && object.quote === wanted.quote;
  });
  if (found?.id !== undefined) return posted(activity, lent, found.id);
  if (client.looks(activity.id) > LOOKS_MOST) return undefined;
  const detail = "X's answer was lost, and the post does not stand in the account's list yet.";
  throw new Failure({ kind: "retryable", code: "outcome-unknown", detail });
}

/** When an activity was accepted says its id; a few seconds earlier, for clocks that differ. */
function acceptedAt(id: string): number | undefined {
  try {
    return decodeTime(id) - 60_000;
  } catch {
    return undefined;
  }
}

/** Without what X changes: space at the ends, a link's missing scheme and closing slash, Unicode's form. */
function bare(text: string): string {
  return text
    .normalize("NFC")
    .trim()
    .replace(/https?:\/\//g, "")
    .replace(/\/(?=\s|$)/g, "");
}
