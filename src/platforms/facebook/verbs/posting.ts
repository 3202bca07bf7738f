import type { Activity } from "../../../model/activity.ts";
import { optional } from "../../../model/optional.ts";
import { performOnce } from "../../../platform/kit/perform-once.ts";
import { networkText, PLAIN_TEXT } from "../../../platform/kit/rich-text/rich-text.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import { type Client, idOfAnswer } from "../client/client.ts";
import type { GraphRequest } from "../client/graph.ts";
import { classifyError } from "../errors.ts";
import type { DeleteSchema, PostSchema, ReactSchema, UpdateSchema } from "../schemas/posts.ts";

/** Publishes a post, or a comment where `inReplyTo` names a post or comment. */
export async function post(
  client: Client,
  activity: ActivityOf<typeof PostSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const content = contentOf(activity);
  const receipt = await performOnce(activity, context, { classifyError }, async (beforeSend) => {
    const answer = await client.request({ method: "POST", ...content, signal: context.signal, beforeSend });
    return idOfAnswer(answer, "post_id", "id");
  });
  const id = receipt.object?.id;
  return typeof id === "string"
    ? { ...receipt, object: { id, url: `https://www.facebook.com/${id}` } }
    : { ...receipt, object: {} };
}

/** Returns the path and body of a new post, photo or comment. */
function contentOf({ actor, object }: ActivityOf<typeof PostSchema>): Required<Pick<GraphRequest, "path" | "body">> {
  const body = networkText(object, PLAIN_TEXT);
  const { url, attachments: [photo] = [], inReplyTo } = object;
  if (inReplyTo !== undefined) {
    const comment = { ...optional("message", body), ...optional("attachment_url", photo?.url) };
    return { path: `${inReplyTo}/comments`, body: comment };
  }
  const page = actor.address;
  if (photo) return { path: `${page}/photos`, body: { url: photo.url, ...optional("caption", body) } };
  return { path: `${page}/feed`, body: { ...optional("message", body), ...optional("link", url) } };
}

/** Changes the text of an own post or comment. */
export function update(
  client: Client,
  activity: ActivityOf<typeof UpdateSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { id, ...text } = activity.object;
  const body = { message: networkText(text, PLAIN_TEXT) };
  return changeOnce(client, activity, context, { method: "POST", path: id, body });
}

/** Deletes an own post, or a comment on one. */
export function remove(
  client: Client,
  activity: ActivityOf<typeof DeleteSchema>,
  context: VerbContext,
): Promise<Receipt> {
  return changeOnce(client, activity, context, { method: "DELETE", path: activity.object.id });
}

/** Likes as the Page. */
export function react(
  client: Client,
  activity: ActivityOf<typeof ReactSchema>,
  context: VerbContext,
): Promise<Receipt> {
  return changeOnce(client, activity, context, { method: "POST", path: `${activity.object.id}/likes` });
}

/** Takes the Page's like back. */
export function unreact(
  client: Client,
  activity: ActivityOf<typeof ReactSchema>,
  context: VerbContext,
): Promise<Receipt> {
  return changeOnce(client, activity, context, { method: "DELETE", path: `${activity.object.id}/likes` });
}

/** Sends a request that may be repeated. A later attempt counts an unknown post as deleted by an earlier attempt. */
function changeOnce(
  client: Client,
  activity: Pick<Activity, "target"> & { readonly object: { readonly id: string } },
  context: VerbContext,
  request: Pick<GraphRequest, "method" | "path" | "body">,
): Promise<Receipt> {
  const doneCodes = request.method === "DELETE" ? ["recipient-unknown"] : [];
  return performOnce(activity, context, { classifyError, doneCodes }, async (beforeSend) => {
    await client.request({ ...request, signal: context.signal, beforeSend, isIdempotent: true });
    return activity.object.id;
  });
}
