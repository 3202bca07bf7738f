import type { Activity } from "../../../model/activity.ts";
import { postedText } from "../../../platform/kit/rich-text/posted-text.ts";
import { fromMarkdown, toHtml } from "../../../platform/kit/rich-text/rich-text.ts";
import {
  type ActivityOf,
  type Outcome,
  outcomeOf,
  type Receipt,
  type VerbContext,
} from "../../../platform/platform.ts";
import { type Content, post, type Signer } from "../client/post.ts";
import { classifyError, withoutDoubt } from "../errors.ts";
import type { SendSchema } from "../schemas/send.ts";

/** Posts the activity's content to each pending target at the same time, after one commit. */
export async function send(
  signer: Signer,
  activity: ActivityOf<typeof SendSchema>,
  context: VerbContext,
): Promise<Receipt> {
  await context.commit();
  return postToTargets(signer, activity, context);
}

/** Posts to each pending target without a commit. Rejects when the work is aborted. */
export async function postToTargets(signer: Signer, activity: Activity, context: VerbContext): Promise<Receipt> {
  const content = contentOf(activity);
  const outcomes = await Promise.all(
    context.pending.map(async (index): Promise<Outcome> => {
      const address = activity.target[index]?.address ?? "";
      try {
        await post(signer, address, content, context);
        return { address, status: "sent", id: activity.id };
      } catch (thrown) {
        context.signal.throwIfAborted();
        return outcomeOf(address, withoutDoubt(classifyError(thrown)));
      }
    }),
  );
  return { outcomes };
}

/** Chooses the posted form: JSON, HTML, Markdown as HTML, or the body. */
function contentOf({ id, object }: Activity): Content {
  if (object.json !== undefined) return { id, type: "application/json", body: JSON.stringify(object.json) };
  const { body = "", html, markdown } = postedText(object);
  const rich = html ?? (markdown === undefined ? undefined : toHtml(fromMarkdown(markdown)));
  if (rich !== undefined) return { id, type: "text/html; charset=utf-8", body: rich };
  return { id, type: String(object.mediaType ?? "text/plain; charset=utf-8"), body };
}
